import type { Pool } from 'pg';
import { VERIFY_LETTERS, VERIFY_REPLAYS, verifySuperseded, verifyVersions, verifyVersionsOfBatches } from '../db/queries/verify-fates.ts';
import { verifyIds, verifyRows, verifyRowsOfBatches } from '../db/queries/verify-rows.ts';
import { BREACHES_NAMED, SNAPSHOT_AT, VERIFY_DELIVERY, VERIFY_ITEMS, VERIFY_REJECTS } from '../db/queries/verify.ts';
import { reportOf, type Breach, type BreachPlace, type Findings, type ItemTotals, type SinkTotals, type VerifyReport } from './report.ts';
import { inSnapshot, type Ask } from './snapshot.ts';

/** Which batches are looked at: one, those from some id on and before another, or all. Ids begin with their time. */
export interface VerifyScope {
  batchId: string | null;
  /** Smallest batch id. */
  fromBatchId: string | null;
  /** Where they end; not included. */
  beforeBatchId: string | null;
}

/** Everything. */
export const WHOLE: VerifyScope = { batchId: null, fromBatchId: null, beforeBatchId: null };

/** A kind with its table, and the column that holds the id. */
export interface VerifiedTable {
  kind: string;
  table: string;
  idColumn: string;
}

/** What was found of a table: rows counted, records gone, and what is wrong. */
export interface RowsFound {
  count: number;
  /** Records that the ledger says were deleted. */
  deleted: number;
  wrong: Breach[];
}

/** Pieces of ids that one statement looks at closely. */
const PIECES = 50;

/**
 * Checks the law over these batches in one snapshot: the ledger's counters against the batches', what is due to each sink
 * against what became of it, dead letters and replays against the rows that they rest on, the rows of each table against the
 * ledger's ranges of ids, and the records' versions against their updates. Reads only, and takes no lock that a flush would
 * wait for.
 * @param timeoutMs longest time, in all
 * @throws StatementTimeout, or PostgreSQL's error
 */
export async function checkLaw(pool: Pool, tables: readonly VerifiedTable[], scope: VerifyScope, timeoutMs: number): Promise<VerifyReport> {
  return inSnapshot(pool, timeoutMs, async (ask) => {
    const values = [scope.batchId, scope.fromBatchId, scope.beforeBatchId];
    const [at] = await ask(SNAPSHOT_AT, []);
    const [items] = await ask(VERIFY_ITEMS, values);
    const rejects = await ask(VERIFY_REJECTS, values);
    const [delivery] = await ask(VERIFY_DELIVERY, values);
    const letters = [...(await ask(VERIFY_LETTERS, values)), ...(await ask(VERIFY_REPLAYS, values))];
    const breaches: Breach[] = [...breachesOf(items?.[1]), ...rejects.map(rejectsBreach), ...breachesOf(delivery?.[1]), ...letters.map(fateBreach)];
    const rows: Findings['rows'] = new Map();
    for (const table of tables) {
      const { count, deleted, wrong } = await compareRows(ask, table, scope);
      rows.set(table.kind, { count, deleted });
      breaches.push(...wrong, ...(await compareVersions(ask, table, scope)));
    }
    const findings: Findings = { at: at?.[0] as string, known: tables.map((t) => t.kind), items: (items?.[0] ?? []) as ItemTotals[], sinks: (delivery?.[0] ?? []) as SinkTotals[], rows, breaches };
    return reportOf(findings, BREACHES_NAMED);
  });
}

/**
 * Compares the rows of a table with the ids from `low` to `high` with the ledger's ranges, whatever batches they belong to.
 * @param low first id of a block of ids
 * @param high last id of a block of ids
 */
export function checkIds(pool: Pool, table: VerifiedTable, low: number, high: number, timeoutMs: number): Promise<RowsFound> {
  return inSnapshot(pool, timeoutMs, async (ask) => rowsFound(ask, table, await ask(verifyRows(table.table, table.idColumn), [table.kind, low, high])));
}

async function compareRows(ask: Ask, table: VerifiedTable, scope: VerifyScope): Promise<RowsFound> {
  const { table: name, idColumn, kind } = table;
  const compared = isWhole(scope) ? await ask(verifyRows(name, idColumn), [kind, null, null]) : await ask(verifyRowsOfBatches(name, idColumn), [scope.batchId, scope.fromBatchId, scope.beforeBatchId, kind]);
  return rowsFound(ask, table, compared);
}

/** Sums first, over everything; what they don't agree on is then looked at id by id. */
async function rowsFound(ask: Ask, { kind, table, idColumn }: VerifiedTable, compared: unknown[][]): Promise<RowsFound> {
  const [counted, suspects, deleted] = compared[0] ?? [];
  const pieces = (suspects ?? []) as [number, number][];
  const wrong: Breach[] = [];
  for (let from = 0; from < pieces.length && wrong.length <= BREACHES_NAMED; from += PIECES) {
    const some = pieces.slice(from, from + PIECES);
    for (const [what, id, batchId, expected, found] of await ask(verifyIds(table, idColumn), [kind, some.map(([low]) => low), some.map(([, high]) => high)])) {
      wrong.push({ what: what as string, where: { kind, id: Number(id), ...(batchId === null ? {} : { batchId: batchId as string }) }, expected: Number(expected), found: Number(found) });
    }
  }
  return { count: Number(counted ?? 0), deleted: Number(deleted ?? 0), wrong };
}

async function compareVersions(ask: Ask, { kind, table, idColumn }: VerifiedTable, scope: VerifyScope): Promise<Breach[]> {
  if (!isWhole(scope)) return (await ask(verifyVersionsOfBatches(table, idColumn), [scope.batchId, scope.fromBatchId, scope.beforeBatchId, kind])).map(versionBreach);
  return [...(await ask(verifyVersions(table, idColumn), [kind])).map(versionBreach), ...(await ask(verifySuperseded(table, idColumn), [kind])).map(fateBreach)];
}

function isWhole(scope: VerifyScope): boolean {
  return scope.batchId === null && scope.fromBatchId === null && scope.beforeBatchId === null;
}

function breachesOf(cell: unknown): Breach[] {
  return ((cell ?? []) as (Omit<Breach, 'where'> & BreachPlace)[]).map(({ what, expected, found, ...where }) => ({ what, where, expected, found }));
}

function rejectsBreach([batchId, kind, firstIndex, sink, expected, found]: unknown[]): Breach {
  return { what: 'rejects-differ', where: { kind: kind as string, batchId: batchId as string, firstIndex: Number(firstIndex), ...(sink === '' ? {} : { sink: sink as string }) }, expected: Number(expected), found: Number(found) };
}

function fateBreach([what, kind, batchId, firstIndex, sink, id, letter, expected, found]: unknown[]): Breach {
  const where: BreachPlace = { kind: kind as string, batchId: batchId as string, firstIndex: Number(firstIndex), sink: sink as string };
  if (id !== null) where.id = Number(id);
  if (letter !== null) where.deadLetter = Number(letter);
  return { what: what as string, where, expected: Number(expected), found: Number(found) };
}

function versionBreach([what, kind, batchId, id, expected, found]: unknown[]): Breach {
  return { what: what as string, where: { kind: kind as string, id: Number(id), ...(batchId === null ? {} : { batchId: batchId as string }) }, expected: Number(expected), found: Number(found) };
}
