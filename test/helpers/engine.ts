import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { SqlEntityManager } from '@mikro-orm/postgresql';
import type { Pool, PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { readSettings } from '../../shared/config/load.ts';
import type { Settings } from '../../shared/config/settings.ts';
import type { Chunk, Reject, Slice, SliceOutcome } from '../../shared/contracts/slices.ts';
import { connectDatabase, type Database } from '../../shared/db/connect.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { OPEN_BATCH } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { shardOf } from '../../shared/records/shard.ts';
import { kindFlush, type KindFlush } from '../../services/writer/flush-target.ts';
import { writeChunk, type FlushTools } from '../../services/writer/write-chunk.ts';
import execution from '../../shared/records/execution.kind.ts';
import note from './kinds/note.kind.ts';
import { createDatabase } from './database.ts';

/** The writer's engine on a database of its own, without brokers: what one writer node holds. */
export interface Engine {
  url: string;
  settings: Settings;
  database: Database;
  pool: Pool;
  executions: KindFlush;
  notes: KindFlush;
  tools: FlushTools;
  /** What the tools were told. */
  seen: { flushes: number; retries: string[]; bisections: number; refused: number; idConflicts: number };
  write(chunk: Chunk, deadlineMs?: number): Promise<SliceOutcome[]>;
  /** Opens a batch row with a lease, as an edge does. */
  open(batchId: string, requested: number, kind?: string): Promise<void>;
  rows<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** @param address another address for the engine's pool, such as a proxy's, made from the database's */
export async function startEngine(shape: { settings?: Partial<Settings>; kinds?: readonly RecordKind[]; address?: (url: string) => string; poolMax?: number } = {}): Promise<Engine> {
  const temporary = await createDatabase();
  const kinds = shape.kinds ?? [execution, note];
  const settings: Settings = { ...readSettings({}).settings, postgresUrl: temporary.url, ...shape.settings };
  // The database it is cloned from has the tables of all kinds that Sluice comes with.
  const shipped = await loadKinds('');
  await migrate(temporary.url, [...shipped, ...kinds.filter(({ name }) => shipped.every((kind) => kind.name !== name))], settings);
  const direct = await connectDatabase(temporary.url, kinds, settings, { max: 4, applicationName: 'engine test, direct' });
  const database = shape.address === undefined ? direct : await connectDatabase(shape.address(temporary.url), kinds, settings, { max: shape.poolMax ?? 8, applicationName: 'engine test' });
  const seen: Engine['seen'] = { flushes: 0, retries: [], bisections: 0, refused: 0, idConflicts: 0 };
  const tools: FlushTools = {
    pool: database.pool,
    fork: (): SqlEntityManager => database.orm.em.fork(),
    node: 'writer-test',
    leaseMs: settings.batchLease,
    log: pino({ level: 'silent' }),
    attempts: settings.writeAttempts,
    retryDelayMs: 5,
    statementTimeoutMs: settings.statementTimeout,
    random: Math.random,
    now: () => performance.now(),
    onFlush: () => seen.flushes++,
    onRetry: (cause) => seen.retries.push(cause),
    onIsolation(report) {
      seen.bisections += report.bisections;
      seen.refused += report.refused;
    },
    onExhausted: () => undefined,
    onIdConflict: (slices) => void (seen.idConflicts += slices),
  };
  const targets = new Map(kinds.map((kind) => [kind.name, kindFlush(database, kind, settings)]));
  const target = (name: string) => targets.get(name) as KindFlush;
  return {
    url: temporary.url,
    settings,
    database,
    pool: database.pool,
    executions: target('execution'),
    notes: target('note'),
    tools,
    seen,
    write: (chunk, deadlineMs = 20_000) => writeChunk(tools, target(chunk.kind), chunk, deadlineMs),
    async open(batchId, requested, kind = 'execution') {
      await runStatement(direct.pool, OPEN_BATCH, [batchId, kind, 'anonymous', requested, new Date().toISOString(), 'edge-test', 15_000, null], 5_000);
    },
    rows: async <Row>(text: string, values: unknown[] = []) => (await direct.pool.query(text, values)).rows as Row[],
    async close() {
      await database.close();
      if (direct !== database) await direct.close();
      await temporary.drop();
    },
  };
}

/** Good values of an execution's row, as PostgreSQL's text. */
export function executionValues(row: number, over: Record<string, string | null> = {}): Record<string, string | null> {
  return { executionStatus: 'NEW', tradeType: 'BUY', destination: 'ML', securityId: `SECURITY${String(row).padStart(16, '0')}`, quantity: '100.00000000', limitPrice: null, tradeServiceExecutionId: null, ...over };
}

/** Good values of a note's row. */
export function noteValues(reference: string, over: Record<string, string | null> = {}): Record<string, string | null> {
  return { reference, grade: null, body: null, ...over };
}

export interface SliceShape {
  batchId?: string;
  epoch?: number;
  sole?: boolean;
  requested?: number;
  firstIndex?: number;
  firstId: number;
  /** A row for each good index; undefined for a rejected one. */
  rows: readonly (Record<string, string | null> | undefined)[];
}

/** A chunk of these slices. */
export function chunkOf(kind: string, shapes: readonly SliceShape[]): Chunk {
  const chunk: Chunk = { kind, slices: [], sliceOf: [], offsetOf: [], columns: {} };
  for (const [no, shape] of shapes.entries()) {
    const firstIndex = shape.firstIndex ?? 0;
    const rejects: Reject[] = [];
    for (const [offset, row] of shape.rows.entries()) {
      if (row === undefined) {
        rejects.push([firstIndex + offset, 'required', '/quantity', '"quantity" is missing or null, but required.']);
        continue;
      }
      chunk.sliceOf.push(no);
      chunk.offsetOf.push(offset);
      for (const [name, value] of Object.entries(row)) (chunk.columns[name] ??= []).push(value);
    }
    const slice: Slice = {
      batchId: shape.batchId ?? uuidv7(), epoch: shape.epoch ?? 0, sole: shape.sole ?? true, client: 'anonymous', requested: shape.requested ?? shape.rows.length,
      firstIndex, span: shape.rows.length, firstId: shape.firstId, shard: shardOf(shape.firstId, 32), rejects, receivedAt: '2026-11-22T10:00:00.123Z', trace: `00-${randomUUID().replaceAll('-', '')}-0000000000000001-01`,
    };
    chunk.slices.push(slice);
  }
  return chunk;
}

/** Counts the statements that a pool's connections send from now on; transactions' statements included. */
export function spyOnStatements(pool: Pool): { texts: string[]; parameters: number[] } {
  const seen = { texts: [] as string[], parameters: [] as number[] };
  const watched = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => {
    if (watched.has(client)) return;
    watched.add(client);
    const query = client.query.bind(client) as (...all: unknown[]) => unknown;
    (client as unknown as { query: (...all: unknown[]) => unknown }).query = (...all: unknown[]) => {
      const first = all[0] as string | { text?: string; values?: unknown[] };
      seen.texts.push(typeof first === 'string' ? first : (first.text ?? ''));
      seen.parameters.push((typeof first === 'string' ? (all[1] as unknown[] | undefined) : first.values)?.length ?? 0);
      return query(...all);
    };
  });
  return seen;
}
