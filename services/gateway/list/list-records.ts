import { countRecords, estimateRecords } from '../../../shared/db/queries/count-records.ts';
import { primaryOf, type ListFilterValues } from '../../../shared/db/queries/list-access.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { choosePage, type PagePlan } from './choose-page.ts';
import { DEEPEST, type ListQuery } from './parse-list-query.ts';
import type { RecordReader } from './record-reader.ts';

export interface Pagination {
  offset: number;
  limit: number;
  /** As limit; for clients that know it by this name. */
  pageSize: number;
  totalElements: number;
  /** There, and true, when `totalElements` is the planner's estimate. */
  totalIsEstimate?: true;
  totalPages: number;
  /** The first page is 0. */
  currentPage: number;
  hasNext: boolean;
  hasPrevious: boolean;
}

/** Totals are exact up to here, and a sort without an index may gather as many. */
const COUNTED = DEEPEST;
/** Where filters meet: one that matches no more than this is gathered, the others tested on what it gives. */
const FEW = 20_000;
/** A table is taken for larger than what is counted when the planner says at least this: it knows the table's pages. */
const SURELY_MORE = 4 * COUNTED;
const KEEP_MS = 10_000;
const MOST_KEPT = 1_000;

interface Total {
  count: number;
  estimate: boolean;
}

/**
 * One page of a kind's records: JSON text of the array, and where it stands in the list. Order is total (ids break ties),
 * so pages neither repeat nor skip a record that stays as it is.
 * @throws ProblemError 400 `sort-too-wide` when a sort without an index would have to sort more than 100,000 records;
 *   503 `list-too-slow` when PostgreSQL's time for a statement is over
 */
export async function listRecords(reader: RecordReader, query: ListQuery): Promise<{ content: string; pagination: Pagination }> {
  const { filters, offset, limit } = query;
  if (filters.some((f) => f.values.length === 0)) return page(query, [], { count: 0, estimate: false });
  try {
    const plan = await planOf(reader, query);
    const before = plan.sortsAll ? await totalOf(reader, filters) : undefined;
    if (before !== undefined && before.count > COUNTED) throw sortTooWide(reader, query);
    // One more than the page tells whether the list goes on, and often spares the count.
    const rows = await reader.records(plan.statement, [offset, limit + 1, ...plan.values]);
    const total = before ?? (await totalFrom(reader, query, rows.length));
    return page(query, rows.slice(0, limit).map((row) => row.text), total);
  } catch (error) {
    throw (error as { code?: unknown }).code === CANCELLED ? tooSlow(error) : error;
  }
}

/** Where several filters meet, finds out which of them matches few, or else which promises the fewest. */
async function planOf(reader: RecordReader, query: ListQuery): Promise<PagePlan> {
  const { table } = reader;
  const { filters, sorts } = query;
  if (filters.length < 2) return choosePage(table, filters, sorts, filters[0]?.property === primaryOf(table).property);
  let leading: { property: string; rows: number } | undefined;
  for (const filter of filters) {
    if (filter.property === primaryOf(table).property || (await count(reader, [filter], FEW + 1)) <= FEW) return choosePage(table, filters, sorts, true);
    const rows = await estimate(reader, [filter]);
    if (table.ordered.has(filter.property) && (leading === undefined || rows < leading.rows)) leading = { property: filter.property, rows };
  }
  return choosePage(table, filters, sorts, false, leading?.property);
}

/** The total, as far as the page and one record more tell it, else counted. */
async function totalFrom(reader: RecordReader, { filters, offset, limit }: ListQuery, found: number): Promise<Total> {
  if (found <= limit && (found > 0 || offset === 0)) return { count: offset + found, estimate: false };
  if (found > limit && offset + found > COUNTED) return { count: Math.max(offset + found, await estimate(reader, filters)), estimate: true };
  return totalOf(reader, filters);
}

/**
 * Exact up to 100,000, else the planner's estimate. To find out that there are more, 100,000 entries of an index are read
 * (10 to 30 ms, most of what a page costs), so an estimate is kept for some seconds; what is exact never is.
 */
async function totalOf(reader: RecordReader, filters: readonly ListFilterValues[]): Promise<Total> {
  const { largeTotals } = reader;
  const key = JSON.stringify(filters);
  const kept = largeTotals.get(key);
  if (kept !== undefined && performance.now() < kept.until) return { count: kept.count, estimate: true };
  const total = await readTotal(reader, filters);
  if (!total.estimate) return total;
  if (largeTotals.size >= MOST_KEPT) largeTotals.clear();
  largeTotals.set(key, { count: total.count, until: performance.now() + KEEP_MS });
  return total;
}

async function readTotal(reader: RecordReader, filters: readonly ListFilterValues[]): Promise<Total> {
  if (filters.length === 0) {
    const all = await estimate(reader, []);
    if (all >= SURELY_MORE) return { count: all, estimate: true };
  }
  const counted = await count(reader, filters, COUNTED + 1);
  if (counted <= COUNTED) return { count: counted, estimate: false };
  return { count: Math.max(counted, await estimate(reader, filters)), estimate: true };
}

async function count(reader: RecordReader, filters: readonly ListFilterValues[], most: number): Promise<number> {
  const [row] = await reader.run(countRecords(reader.table, filters), [most, ...filters.map((f) => f.values)]);
  return Number(row?.[0]);
}

async function estimate(reader: RecordReader, filters: readonly ListFilterValues[]): Promise<number> {
  const [row] = await reader.run(estimateRecords(reader.table, filters), filters.map((f) => f.values));
  return (row?.[0] as { Plan: { 'Plan Rows': number } }[])[0]?.Plan['Plan Rows'] ?? 0;
}

function page({ offset, limit }: ListQuery, rows: readonly string[], total: Total): { content: string; pagination: Pagination } {
  return {
    content: `[${rows.join(',')}]`,
    pagination: {
      offset,
      limit,
      pageSize: limit,
      totalElements: total.count,
      ...(total.estimate ? { totalIsEstimate: true } : {}),
      totalPages: Math.ceil(total.count / limit),
      currentPage: Math.floor(offset / limit),
      hasNext: offset + limit < total.count,
      hasPrevious: offset > 0,
    },
  };
}

/** SQLSTATE query_canceled: the statement's time was over. */
const CANCELLED = '57014';

function tooSlow(cause: unknown): ProblemError {
  return new ProblemError({ status: 503, code: 'list-too-slow', title: 'List too slow', detail: 'PostgreSQL did not finish this list in its time. Narrow it with a filter that matches fewer records, or try again when there is less load.', headers: { 'Retry-After': '5' }, cause });
}

function sortTooWide(reader: RecordReader, query: ListQuery): ProblemError {
  const { kind, ordered } = reader.table;
  const names = Object.entries(kind.list.sorts).filter(([, property]) => ordered.has(property) || property === primaryOf(reader.table).property).map(([name]) => name);
  const message = `needs all matches sorted, and more than ${COUNTED} match. Narrow the list with a filter, or by id; the whole list, or the matches of its own filter, can be sorted by one of ${names.join(', ')}, and any filter's by id.`;
  return new ProblemError({ status: 400, code: 'sort-too-wide', title: 'Too much to sort', detail: `The order ${query.sorts.map((s) => s.property).join(', ')} ${message}`, errors: [{ pointer: `?${kind.list.sortParameter ?? 'sortBy'}`, code: 'sort-too-wide', message }] });
}
