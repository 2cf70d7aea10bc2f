import { Client } from 'pg';
import { hashOf, readKey } from '../access/api-keys.ts';
import type { RecordKind } from '../records/record-kind.ts';
import type { Settings } from '../config/settings.ts';
import { postgresAddress } from '../secure/postgres-address.ts';
import { connectDatabase } from './connect.ts';
import { ensureLedgerPartitions } from './ledger-partitions.ts';

/** Any number will do, as long as no other program on this database takes it. */
const MIGRATION_LOCK = 7_588_423_001;

/** What a migration run did, for the line that reports it. */
export interface MigrationReport {
  applied: string[];
  createdTables: string[];
}

/** A database that doesn't fit this version of Sluice; says which statements would mend it. */
export class SchemaMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchemaMismatch';
  }
}

/**
 * Brings the database up to date: migrations, tables of kinds that have none yet, the ledger's partitions, the settings
 * that are fixed per database. Safe to run by many nodes at once (one works, the others wait), and harmless when nothing is to do.
 * @throws SchemaMismatch when an entity and its table differ, or a fixed setting was changed
 */
export async function migrate(url: string, kinds: readonly RecordKind[], settings: Settings): Promise<MigrationReport> {
  const lock = new Client({ ...postgresAddress(url, settings), connectionTimeoutMillis: 10_000, application_name: 'sluice migrate' });
  await lock.connect();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const limits = { ...settings, statementTimeout: 0, lockTimeout: 30_000, transactionTimeout: 0, acquireTimeout: 10_000 };
    const database = await connectDatabase(url, kinds, limits, { max: 2, applicationName: 'sluice migrate' });
    try {
      const applied = (await database.orm.migrator.up()).map((m) => m.name);
      await ensureLedgerPartitions(database.pool, new Date());
      await fixSettings(lock, { shards: settings.shards });
      await keepInitialKey(lock, settings.initialKey);
      const createdTables = await createMissingTables(database.orm, lock, kinds);
      await assertTablesAgree(database.orm);
      return { applied, createdTables };
    } finally {
      await database.close();
    }
  } finally {
    await lock.end();
  }
}

/** Where there never was a key, the one that the settings give; with it come all roles. */
async function keepInitialKey(client: Client, text: string): Promise<void> {
  const parts = readKey(text);
  if (parts === undefined) return;
  await client.query(`insert into api_key (id, client, hash, roles, created_by) select $1, 'initial', $2, $3, 'SLUICE_INITIAL_KEY' where not exists (select from api_key)`, [parts.id, hashOf(parts.secret), ['submit', 'operate']]);
}

type Orm = Awaited<ReturnType<typeof connectDatabase>>['orm'];

/** A kind without a migration of its own gets its table from its entity: a file is all that a kind takes. */
async function createMissingTables(orm: Orm, client: Client, kinds: readonly RecordKind[]): Promise<string[]> {
  const missing: string[] = [];
  for (const kind of kinds) {
    const table = kind.entity.meta.tableName;
    const found = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [`"${table}"`]);
    if (found.rows[0]?.there !== true) missing.push(table);
  }
  if (missing.length > 0) await orm.schema.update({ safe: true });
  return missing;
}

async function assertTablesAgree(orm: Orm): Promise<void> {
  const difference = (await orm.schema.getUpdateSchemaSQL({ wrap: false })).trim();
  if (difference !== '') {
    throw new SchemaMismatch(`The tables differ from the entities of the record kinds. A migration with these statements would mend it:\n${difference}`);
  }
}

async function fixSettings(client: Client, fixed: Record<string, number>): Promise<void> {
  for (const [name, value] of Object.entries(fixed)) {
    await client.query('insert into fixed_setting (name, value) values ($1, $2) on conflict (name) do nothing', [name, String(value)]);
    const stored = await client.query<{ value: string }>('select value from fixed_setting where name = $1', [name]);
    if (stored.rows[0]?.value !== String(value)) {
      throw new SchemaMismatch(`This database was made with ${name} = ${stored.rows[0]?.value ?? '?'}, and that cannot change; the setting says ${value}. Set it back.`);
    }
  }
}
