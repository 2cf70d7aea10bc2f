import type { Pool, PoolClient } from 'pg';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { BREACHES_NAMED, openSnapshot, SNAPSHOT_AT, VERIFY_DELIVERY, VERIFY_ITEMS, VERIFY_REJECTS, verifyIds, verifyRows, verifyRowsOfBatches } from '../../../shared/db/queries/verify.ts';
import { StatementTimeout } from '../../../shared/db/run-statement.ts';
import { reportOf, type Breach, type Findings, type ItemTotals, type SinkTotals, type VerifyReport } from './report.ts';

/** Which batches are looked at: one, those from some id on, or all. */
export interface VerifyScope {
  batchId: string | null;
  /** Smallest batch id; ids begin with their time. */
  fromBatchId: string | null;
}

/** A kind with its table, and the column that holds the id. */
export interface VerifiedTable {
  kind: string;
  table: string;
  idColumn: string;
}

type Ask = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/** Pieces of ids that one statement looks at closely. */
const PIECES = 50;
/** What the server gets to end a statement by itself, before its connection is given up. */
const MARGIN_MS = 2_000;

/**
 * Checks the law over these batches in one snapshot: the ledger's counters against the batches', what is due to each sink
 * against what became of it, and the rows of each table against the ledger's ranges of ids. Reads only, and takes no lock
 * that a flush would wait for.
 * @param timeoutMs longest time, in all
 * @throws StatementTimeout, or PostgreSQL's error
 */
export async function verify(pool: Pool, tables: readonly VerifiedTable[], scope: VerifyScope, timeoutMs: number): Promise<VerifyReport> {
  return inSnapshot(pool, timeoutMs, async (ask) => {
    const values = [scope.batchId, scope.fromBatchId];
    const [at] = await ask(SNAPSHOT_AT, []);
    const [items] = await ask(VERIFY_ITEMS, values);
    const rejects = await ask(VERIFY_REJECTS, values);
    const [delivery] = await ask(VERIFY_DELIVERY, values);
    const breaches: Breach[] = [...breachesOf(items?.[1]), ...rejects.map(rejectsBreach), ...breachesOf(delivery?.[1], 'delivery-sum')];
    const rows: Map<string, number> = new Map();
    for (const table of tables) {
      const { count, wrong } = await compareRows(ask, table, scope);
      rows.set(table.kind, count);
      breaches.push(...wrong);
    }
    const findings: Findings = { at: at?.[0] as string, known: tables.map((t) => t.kind), items: (items?.[0] ?? []) as ItemTotals[], sinks: (delivery?.[0] ?? []) as SinkTotals[], rows, breaches };
    return reportOf(findings, BREACHES_NAMED);
  });
}

/** Sums first, over everything; what they don't agree on is then looked at id by id. */
async function compareRows(ask: Ask, { kind, table, idColumn }: VerifiedTable, scope: VerifyScope): Promise<{ count: number; wrong: Breach[] }> {
  const whole = scope.batchId === null && scope.fromBatchId === null;
  const [compared] = whole ? await ask(verifyRows(table, idColumn), [kind]) : await ask(verifyRowsOfBatches(table, idColumn), [scope.batchId, scope.fromBatchId, kind]);
  const pieces = (compared?.[1] ?? []) as [number, number][];
  const wrong: Breach[] = [];
  for (let from = 0; from < pieces.length && wrong.length <= BREACHES_NAMED; from += PIECES) {
    const some = pieces.slice(from, from + PIECES);
    for (const [what, id, batchId, expected, found] of await ask(verifyIds(table, idColumn), [kind, some.map(([low]) => low), some.map(([, high]) => high)])) {
      wrong.push({ what: what as string, where: { kind, id: Number(id), ...(batchId === null ? {} : { batchId: batchId as string }) }, expected: Number(expected), found: Number(found) });
    }
  }
  return { count: Number(compared?.[0] ?? 0), wrong };
}

function breachesOf(cell: unknown, what = ''): Breach[] {
  return ((cell ?? []) as ({ what?: string; expected: number; found: number } & Breach['where'])[]).map(({ what: named = what, expected, found, ...where }) => ({ what: named, where, expected, found }));
}

function rejectsBreach([batchId, kind, firstIndex, sink, expected, found]: unknown[]): Breach {
  return { what: 'rejects-differ', where: { kind: kind as string, batchId: batchId as string, firstIndex: Number(firstIndex), ...(sink === '' ? {} : { sink: sink as string }) }, expected: Number(expected), found: Number(found) };
}

/** Runs `work` in one transaction that only reads, with time limits of its own; the connection is lost if the server says nothing at all. */
async function inSnapshot<T>(pool: Pool, timeoutMs: number, work: (ask: Ask) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let sound = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StatementTimeout('verify', timeoutMs)), timeoutMs + MARGIN_MS);
    });
    const done = readOnly(client, timeoutMs, work);
    done.catch(() => undefined); // reported below, unless the time limit was first
    const result = await Promise.race([done, late]);
    sound = true;
    return result;
  } finally {
    clearTimeout(timer);
    client.release(!sound);
  }
}

async function readOnly<T>(client: PoolClient, timeoutMs: number, work: (ask: Ask) => Promise<T>): Promise<T> {
  await client.query(openSnapshot(timeoutMs));
  const result = await work(async ({ text }, values) => (await client.query<unknown[]>({ text, values, rowMode: 'array' })).rows);
  await client.query('commit');
  return result;
}
