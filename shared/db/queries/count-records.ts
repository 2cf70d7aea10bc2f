import type { NamedStatement } from './flush.ts';
import { matches, type ListFilterValues, type ListTable } from './list-access.ts';

/** How many records match, counted up to $1. One filter has a named form, whose index alone is read. */
export function countRecords(table: ListTable, filters: readonly ListFilterValues[]): NamedStatement {
  const tests = filters.map((f, i) => matches(table, f.property, `$${2 + i}`));
  const where = tests.length === 0 ? '' : `where ${tests.join(' and ')}`;
  const [only] = filters;
  const name = filters.length > 1 ? '' : `count-${table.kind.name}-${only?.property ?? 'all'}`;
  return { name, text: `select count(*)::int8::text as total from (select 1 from ${table.table} ${where} limit $1::int8) m` };
}

/** The planner's estimate of how many records match, as `[{Plan: {'Plan Rows': n}}]`. Reads no row. */
export function estimateRecords(table: ListTable, filters: readonly ListFilterValues[]): NamedStatement {
  const tests = filters.map((f, i) => matches(table, f.property, `$${1 + i}`));
  return { name: '', text: `explain (format json) select 1 from ${table.table}${tests.length === 0 ? '' : ` where ${tests.join(' and ')}`}` };
}
