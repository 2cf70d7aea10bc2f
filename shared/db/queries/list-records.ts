import type { NamedStatement } from './flush.ts';
import { joinedValue } from './joined.ts';
import { recordSelection, sentAtOf } from './get-record.ts';
import { arrayType, columnName, columnOf, idColumn, matches, primaryOf, type ListFilterValues, type ListSort, type ListTable } from './list-access.ts';

/**
 * Pages of a list. Each form has only one sensible plan, so that a plan that PostgreSQL made once serves every value, be
 * it half the table or five rows: the planner, left to choose, walks the primary key and throws away rows, which is
 * right for a common value and reads the whole table for one that only new records have.
 *
 * Parameters: $1 offset, $2 limit, then the values of each filter as an array.
 */

/** All records by id. */
export function pageById(table: ListTable, descending: boolean): NamedStatement {
  const direction = directionOf(descending);
  return named(table, `all-${direction}`, `select ${idColumn(table)} as id from ${table.table} order by ${idColumn(table)} ${direction} offset $1::int8 limit $2::int8`);
}

/**
 * All records, or those of one property's values, in the order of (property, id): read from that index, in its order.
 * For a single value that is the order of ids.
 */
export function pageByIndex(table: ListTable, property: string, filtered: boolean, descending: boolean): NamedStatement {
  const direction = directionOf(descending);
  const text = `select ${idColumn(table)} as id from ${table.table} ${filtered ? `where ${matches(table, property, '$3')}` : ''}
    order by ${columnName(table, property)} ${direction}, ${idColumn(table)} ${direction} offset $1::int8 limit $2::int8`;
  return named(table, `${property}-${filtered ? 'of' : 'all'}-${direction}`, text);
}

/**
 * Records of several values of one property, by id; further filters are tested on the rows. Each value gives as many as
 * the page could need, and the page is what is first among these.
 * @param others properties of the further filters, $4 and on
 */
export function pageByValues(table: ListTable, property: string, others: readonly string[], descending: boolean): NamedStatement {
  const direction = directionOf(descending);
  const id = idColumn(table);
  const tests = others.map((other, i) => ` and ${matches(table, other, `$${4 + i}`)}`).join('');
  const type = arrayType(columnOf(table, property));
  const text = `select id from unnest($3::${type}) as v(value) cross join lateral (
      select ${id} as id from ${table.table} where ${columnName(table, property)} = any(array[v.value])${tests}
      order by ${columnName(table, property)} ${direction}, ${id} ${direction} limit $1::int8 + $2::int8
    ) each_value order by id ${direction} offset $1::int8 limit $2::int8`;
  return named(table, [property, 'values', ...others, direction].join('-'), text);
}

/**
 * Records that all filters together leave few of: gathered first, then sorted. It has no name, so that it is planned for
 * its values: which index is best depends on them.
 */
export function pageOfFew(table: ListTable, filters: readonly ListFilterValues[], sorts: readonly ListSort[]): NamedStatement {
  const tests = filters.map((f, i) => matches(table, f.property, `$${3 + i}`));
  const keys = sorts.map((s, i) => `${sortKey(table, s.property)} as k${i}`);
  const order = sorts.map((s, i) => `k${i} ${directionOf(s.descending)}`);
  const byId = sorts.some((s) => s.property === primaryOf(table).property);
  const text = `select id from few order by ${[...order, ...(byId ? [] : [`id ${directionOf(sorts[0]?.descending ?? false)}`])].join(', ')} offset $1::int8 limit $2::int8`;
  const few = `few as materialized (select ${[`t.${idColumn(table)} as id`, ...keys].join(', ')} from ${table.table} t${tests.length === 0 ? '' : ` where ${tests.join(' and ')}`})`;
  return { name: '', text: withRecords(table, text, few) };
}

function sortKey(table: ListTable, property: string): string {
  const joined = table.kind.joined?.[property];
  if (joined !== undefined) return joinedValue(table.kind.name, joined, table.columns, 't');
  return table.columns.some((c) => c.property === property) ? `t.${columnName(table, property)}` : sentAtOf(table, `t.${idColumn(table)}`).replace('::text', '');
}

const directionOf = (descending: boolean) => (descending ? 'desc' : 'asc');

function named(table: ListTable, form: string, ids: string): NamedStatement {
  return { name: `list-${table.kind.name}-${form}`.slice(0, 63), text: withRecords(table, ids) };
}

/** The records of a page, in its order; each is looked up by its id, whatever the planner thinks of how many there are. */
function withRecords(table: ListTable, ids: string, before?: string): string {
  return `with ${before === undefined ? '' : `${before}, `}page as materialized (select id, row_number() over () as n from (${ids}) o)
select ${recordSelection(table)}
from page cross join lateral (select * from ${table.table} r where r.${idColumn(table)} = page.id limit 1) t
order by page.n`;
}
