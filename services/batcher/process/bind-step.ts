import type { ServiceBroker } from 'moleculer';
import type { Pool } from 'pg';
import { recordsById } from '../../../shared/db/queries/relay-records.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { Settings } from '../../../shared/config/settings.ts';
import type { HttpPool, HttpPools } from '../../../shared/http/http-pools.ts';
import type { Column } from '../../../shared/records/columns.ts';
import type { ProcessStep, StepCall, StepContext, StepFunction } from '../../../shared/records/process-step.ts';
import { StepError } from '../../../shared/records/process-step.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { natsIsConnected } from '../../../shared/runtime/nats-status.ts';
import { Together } from './together.ts';

const MOST_RECORDS = 500;
/** The caller's own time limit comes first: this one only makes sure that no call is kept for ever. */
const GRACE_MS = 1_000;

/** A kind's step as a function, whether it is one or an action of some node. */
export function bindStep({ run, timeLimitMs }: { run: NonNullable<ProcessStep['run']>; timeLimitMs: number }, broker: Pick<ServiceBroker, 'call' | 'nodeID'>): StepFunction {
  if (typeof run === 'function') return run;
  const { action } = run;
  return async (item, { batchId, index, attempt, idempotencyKey, signal }) => {
    signal.throwIfAborted();
    // While NATS is away its client would keep the call, and throw it away when NATS is back.
    if (!natsIsConnected(broker as ServiceBroker)) throw new StepError('RESOURCE_ERROR', 'Other nodes cannot be reached now.');
    const call: StepCall = { item, batchId, index, attempt, idempotencyKey };
    return broker.call<RecordRow, StepCall>(action, call, { timeout: timeLimitMs + GRACE_MS });
  };
}

/** A kind's table, as steps read it. */
export interface ReadableTable {
  table: string;
  columns: readonly Column[];
}

/** Reads records by id for steps; what steps ask for at the same time is one statement. */
export function recordsOf(pool: Pool, timeoutMs: number, tables: ReadonlyMap<string, ReadableTable>): StepContext['record'] {
  const readers = new Map([...tables].map(([kind, { table, columns }]) => {
    const statement = recordsById(table, columns, { name: kind });
    const idAt = columns.findIndex((c) => c.primary);
    return [kind, new Together<number, RecordRow | undefined>(MOST_RECORDS, async (ids) => {
      const rows = await runStatement(pool, statement, [ids], timeoutMs);
      const byId = new Map(rows.map((cells) => [Number(cells[idAt]), Object.fromEntries(columns.map(({ property }, i) => [property, cells[i]]))]));
      return ids.map((id) => byId.get(id));
    })];
  }));
  return async (kind, id) => {
    const reader = readers.get(kind);
    if (reader === undefined) throw new StepError('EXECUTION_ERROR', `There is no record kind "${kind}".`);
    return reader.of(id);
  };
}

/** Connections to the services that steps name, each opened when it is first asked for. */
export function servicesOf(pools: HttpPools, settings: Settings): StepContext['service'] {
  const open = new Map<string, HttpPool>();
  return ({ url, connectTimeout, responseTimeout }) => {
    const known = open.get(url);
    if (known !== undefined) return known;
    const pool = pools.open(String(settings[url]), { connectMs: Number(settings[connectTimeout]), responseMs: Number(settings[responseTimeout]) });
    open.set(url, pool);
    return pool;
  };
}
