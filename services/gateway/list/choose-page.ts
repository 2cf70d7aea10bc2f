import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { pageById, pageByIndex, pageByValues, pageOfFew } from '../../../shared/db/queries/list-records.ts';
import { primaryOf, type ListFilterValues, type ListSort, type ListTable } from '../../../shared/db/queries/list-access.ts';

/** A page's statement and the values after offset and limit. */
export interface PagePlan {
  statement: NamedStatement;
  values: (readonly string[])[];
  /** The matches are gathered and sorted: allowed only over few of them. */
  sortsAll: boolean;
}

/**
 * Which statement reads a page. An index of (property, id) gives one property's values in the order of ids or of itself;
 * every other order gathers all matches and sorts them.
 * @param few whether some filter is known to match few records; asked only where several filters meet
 * @param leading of several filters that all match many, the one whose index is walked
 */
export function choosePage(table: ListTable, filters: readonly ListFilterValues[], sorts: readonly ListSort[], few: boolean, leading?: string): PagePlan {
  const id = primaryOf(table).property;
  const sort = simpleSort(sorts, id);
  const gathered: PagePlan = { statement: pageOfFew(table, filters, sort === undefined ? sorts : [sort]), values: filters.map((f) => f.values), sortsAll: sort?.property !== id };
  if (sort === undefined || few) return gathered;

  const [filter] = filters;
  if (filter === undefined) {
    if (sort.property === id) return { statement: pageById(table, sort.descending), values: [], sortsAll: false };
    return table.ordered.has(sort.property) ? { statement: pageByIndex(table, sort.property, false, sort.descending), values: [], sortsAll: false } : gathered;
  }
  if (filters.length === 1 && table.ordered.has(filter.property)) {
    const inOrder = sort.property === filter.property || (sort.property === id && filter.values.length === 1);
    if (inOrder) return { statement: pageByIndex(table, filter.property, true, sort.descending), values: [filter.values], sortsAll: false };
  }
  const lead = filters.find((f) => f.property === (leading ?? filter.property) && table.ordered.has(f.property));
  if (sort.property !== id || lead === undefined) return gathered;
  const others = filters.filter((f) => f !== lead).sort((a, b) => a.property.localeCompare(b.property));
  return { statement: pageByValues(table, lead.property, others.map((f) => f.property), sort.descending), values: [lead, ...others].map((f) => f.values), sortsAll: false };
}

/** The one field that decides the order, where it is one: ids break ties, in the direction of the first field. */
function simpleSort(sorts: readonly ListSort[], id: string): ListSort | undefined {
  const [first, second] = sorts;
  if (first === undefined) return { property: id, descending: false };
  if (first.property === id || second === undefined) return first;
  return second.property === id && second.descending === first.descending ? first : undefined;
}
