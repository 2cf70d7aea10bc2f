import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import type { Pool } from 'pg';
import type { RecordKind } from '../records/record-kind.ts';
import type { Settings } from '../config/settings.ts';
import { postgresAddress } from '../secure/postgres-address.ts';
import { forgiveLostRollback } from './lost-rollback.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { surviveBreaks } from './survive-breaks.ts';
import { PoolWatch } from './pool-watch.ts';

export interface Database {
  orm: MikroORM;
  /** The pool that the ORM uses; named statements go through it directly. */
  pool: Pool;
  /** Who has which of its connections. */
  watch: PoolWatch;
  close(): Promise<void>;
}

type Limits = Pick<Settings, 'postgresCa' | 'statementTimeout' | 'lockTimeout' | 'acquireTimeout' | 'transactionTimeout'>;

/** How a pool is opened: its size, and the name its connections carry in pg_stat_activity. */
export interface PoolSize {
  max: number;
  applicationName: string;
}

/** The ORM over the tables of these kinds, with every wait bounded. */
export async function connectDatabase(url: string, kinds: readonly RecordKind[], limits: Limits, pool: PoolSize): Promise<Database> {
  const orm = await MikroORM.init(ormOptions(url, kinds, limits, pool));
  const native = (orm.em.getConnection() as unknown as { getNativeClient(): unknown }).getNativeClient();
  const nativePool = (await native) as Pool;
  surviveBreaks(nativePool);
  nativePool.on('acquire', forgiveLostRollback);
  const watch = new PoolWatch(nativePool, () => performance.now());
  const close = async (): Promise<void> => {
    await orm.close(true);
    // The ORM ends the pool only if it made a statement of its own; else idle connections would keep the process for 10 s.
    if (!nativePool.ending) await nativePool.end();
  };
  return { orm, pool: nativePool, watch, close };
}

export function ormOptions(url: string, kinds: readonly RecordKind[], limits: Limits, pool: PoolSize): Options {
  const { connectionString, ssl } = postgresAddress(url, limits);
  const entities = kinds.flatMap((kind) => [kind.entity, ...(kind.lookups ?? [])]);
  return {
    clientUrl: connectionString,
    entities,
    forceUtcTimezone: true,
    // The database is there, or its absence is an error of the first statement; asking at every connect is time lost.
    ensureDatabase: false,
    // The ORM's own lines are for its users at a prompt; what a migration did is reported by its caller.
    logger: () => undefined,
    pool: { min: 0, max: pool.max },
    driverOptions: {
      ...(ssl === undefined ? {} : { ssl }),
      connectionTimeoutMillis: limits.acquireTimeout,
      statement_timeout: limits.statementTimeout,
      lock_timeout: limits.lockTimeout,
      idle_in_transaction_session_timeout: 5_000,
      // PostgreSQL 18.4 crashes when it looks again at a changed row in a statement that prunes partitions while it runs (docs/decisions/0007).
      options: `-c transaction_timeout=${limits.transactionTimeout} -c enable_partition_pruning=off`,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      application_name: pool.applicationName,
    },
    schemaGenerator: { skipTables: [tablesBut(entities.map((entity) => entity.meta.tableName))], disableForeignKeys: false },
    migrations: { tableName: 'sluice_migration', migrationsList: MIGRATIONS, transactional: true, allOrNothing: true, snapshot: false },
    extensions: [Migrator],
  };
}

/** All tables that no entity has, with or without a schema before the name: the engine's own, and those of kinds that this process does not load. */
function tablesBut(names: readonly string[]): RegExp {
  return new RegExp(`^(?!(?:.*\\.)?(?:${names.join('|')})$)`);
}
