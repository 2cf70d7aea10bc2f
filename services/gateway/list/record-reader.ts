import type { Pool } from 'pg';
import { getRecordsStatement } from '../../../shared/db/queries/get-record.ts';
import { joinedOfOne, joinedProperties } from '../../../shared/db/queries/joined.ts';
import { listTable, type ListTable } from '../../../shared/db/queries/list-access.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import type { Column } from '../../../shared/records/columns.ts';
import type { RecordKind, RecordRow } from '../../../shared/records/record-kind.ts';
import { toIso, type Wire } from '../../../shared/records/wire.ts';

/** Reads a kind's records as JSON text. */
export interface RecordReader {
  table: ListTable;
  /** Runs a statement whose columns are those of a record, the time of the acknowledgement last. */
  records(statement: NamedStatement, values: unknown[]): Promise<{ id: number; text: string }[]>;
  /** Runs any statement; rows are arrays. */
  run(statement: NamedStatement, values: unknown[]): Promise<unknown[][]>;
  /** Estimated totals of filters that match more than is counted, by filter, with the monotonic ms until which they are kept. */
  largeTotals: Map<string, { count: number; until: number }>;
}

/** The server's own limit ends a statement first: that leaves the connection whole. */
const GRACE_MS = 1_000;

/**
 * @param statementTimeoutMs the server's limit for one statement; a server that says nothing at all is given up a second later
 * @param eager whether what records show of other tables is read in the query that reads them, else by one a record
 */
export function recordReader(pool: Pool, kind: RecordKind, columns: readonly Column[], wire: Wire, statementTimeoutMs: number, eager = true): RecordReader {
  const joined = joinedProperties(kind);
  const lazy = !eager && joined.length > 0;
  const table = { ...listTable(kind, columns), lazy };
  const idAt = columns.findIndex((c) => c.primary);
  const properties = [...columns.map((c) => c.property), ...(lazy ? [] : joined)];
  const ofOne = joinedOfOne(kind, columns);
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(pool, statement, values, statementTimeoutMs + GRACE_MS);
  return {
    table,
    run,
    largeTotals: new Map(),
    async records(statement, values) {
      const read = (await run(statement, values)).map((cells) => {
        const row: RecordRow = {};
        properties.forEach((property, i) => (row[property] = cells[i]));
        return { id: Number(cells[idAt]), row, sentAt: cells[properties.length] as string | null };
      });
      for (const { row } of lazy ? read : []) {
        const [cells] = await run(ofOne.statement, ofOne.vias.map((via) => row[via]));
        joined.forEach((property, i) => (row[property] = cells?.[i]));
      }
      return read.map(({ id, row, sentAt }) => ({ id, text: wire.rest(row, sentAt === null ? null : toIso(sentAt)) }));
    },
  };
}

/** One record as JSON text; undefined where there is none. */
export async function getRecord(reader: RecordReader, id: number): Promise<string | undefined> {
  return (await getRecords(reader, [id])).get(id);
}

/** Records as JSON text, as they are now, by id; those that are not there are left out. */
export async function getRecords(reader: RecordReader, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const found = await reader.records(getRecordsStatement(reader.table), [ids]);
  return new Map(found.map(({ id, text }) => [id, text]));
}
