import type { UnknownQuery } from '../http/parameters.ts';
import type { ListFilterValues, ListSort } from '../../../shared/db/queries/list-access.ts';
import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import type { ListFilter, RecordKind } from '../../../shared/records/record-kind.ts';

/** A list as it was asked for, checked. */
export interface ListQuery {
  offset: number;
  limit: number;
  filters: ListFilterValues[];
  /** As given; empty means by id. */
  sorts: ListSort[];
  /** What was not known and left out, for the header Sluice-Ignored. */
  ignored: string[];
}

/** Pages end here: what lies deeper is found by a filter. */
export const DEEPEST = 100_000;
export const DEFAULT_LIMIT = 50;
export const MOST_LIMIT = 100;
/** Values of one filter. */
export const MOST_VALUES = 64;
const LONGEST_VALUE = 200;
/** The parameters of a kind's list beside its filters. */
const ownOf = ({ list }: RecordKind) => ['offset', 'limit', list.sortParameter ?? 'sortBy'];

/**
 * Reads the parameters of a list. A parameter, sort field or filter value that is not known is 400, or with `ignore` left
 * out and named in `ignored`; a filter whose every value was left out matches nothing.
 * @throws ProblemError 400 `invalid-query` with one error for each fault; its pointer is the parameter, as `?limit`
 */
export function parseListQuery(kind: RecordKind, params: URLSearchParams, unknown: UnknownQuery): ListQuery {
  const faults: ItemFault[] = [];
  const ignored: string[] = [];
  const notKnown = (pointer: string, code: string, message: string, what: string) => {
    if (unknown === 'ignore') ignored.push(what);
    else faults.push({ pointer, code, message });
  };

  const own = ownOf(kind);
  const offset = wholeParameter(params, 'offset', 0, 0, DEEPEST, faults);
  const limit = wholeParameter(params, 'limit', DEFAULT_LIMIT, 1, kind.list.mostLimit ?? MOST_LIMIT, faults);
  const filters: ListFilterValues[] = [];
  for (const name of new Set(params.keys())) {
    if (own.includes(name)) continue;
    const filter = Object.hasOwn(kind.list.filters, name) ? kind.list.filters[name] : undefined;
    if (filter === undefined) notKnown(`?${shown(name)}`, 'unknown-parameter', `is no parameter of this list; known are ${[...own, ...Object.keys(kind.list.filters)].join(', ')}.`, shown(name));
    else filters.push({ property: filter.property, values: filterValues(name, filter, params.getAll(name), faults, notKnown) });
  }
  const sorts = sortFields(kind, params.getAll(own[2] ?? ''), faults, notKnown);
  if (faults.length === 0 && offset + limit > DEEPEST) {
    faults.push({ pointer: '?offset', code: 'too-deep', message: `offset + limit must not exceed ${DEEPEST}. Narrow the list with a filter, or ask for records by their id (?id=1,2,3).` });
  }
  if (faults.length > 0) {
    throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: faults.map((f) => `${f.pointer.slice(1)} ${f.message}`).join(' '), errors: faults });
  }
  return { offset, limit, filters, sorts, ignored };
}

function wholeParameter(params: URLSearchParams, name: string, absent: number, min: number, max: number, faults: ItemFault[]): number {
  const given = params.getAll(name);
  if (given.length === 0) return absent;
  const text = given[0] ?? '';
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (given.length === 1 && value >= min && value <= max) return value;
  faults.push({ pointer: `?${name}`, code: given.length > 1 ? 'repeated' : 'range', message: given.length > 1 ? 'may be given once only.' : `must be a whole number from ${min} to ${max}.` });
  return absent;
}

type NotKnown = (pointer: string, code: string, message: string, what: string) => void;

function filterValues(name: string, filter: ListFilter, given: readonly string[], faults: ItemFault[], notKnown: NotKnown): string[] {
  const values = new Set<string>();
  const texts = given.flatMap((text) => text.split(',')).map((text) => text.trim());
  for (const value of texts) {
    const problem = valueFault(filter, value);
    if (problem === undefined) values.add(value);
    else notKnown(`?${name}`, problem.code, problem.message, `${name}=${shown(value)}`);
  }
  if (texts.length > MOST_VALUES) faults.push({ pointer: `?${name}`, code: 'too-many-values', message: `takes at most ${MOST_VALUES} values.` });
  return [...values];
}

function valueFault(filter: ListFilter, value: string): { code: string; message: string } | undefined {
  switch (filter.type) {
    case 'choice':
      return filter.values?.includes(value) === true ? undefined : { code: 'unknown-value', message: `takes ${(filter.values ?? []).join(', ')}; several with commas between.` };
    case 'whole':
      return /^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value)) ? undefined : { code: 'unknown-value', message: 'takes whole numbers; several with commas between.' };
    case 'text':
      return value !== '' && value.length <= LONGEST_VALUE && !value.includes('\u0000') ? undefined : { code: 'unknown-value', message: `takes text of 1 to ${LONGEST_VALUE} characters; several with commas between.` };
  }
}

function sortFields(kind: RecordKind, given: readonly string[], faults: ItemFault[], notKnown: NotKnown): ListSort[] {
  const sorts: ListSort[] = [];
  for (const text of given.flatMap((list) => list.split(',')).map((field) => field.trim())) {
    const descending = text.startsWith('-');
    const name = descending ? text.slice(1) : text;
    const property = Object.hasOwn(kind.list.sorts, name) ? kind.list.sorts[name] : undefined;
    if (property === undefined) notKnown(`?${kind.list.sortParameter ?? 'sortBy'}`, 'unknown-sort', `takes ${Object.keys(kind.list.sorts).join(', ')}; with - before a name for descending, several with commas between.`, `${kind.list.sortParameter ?? 'sortBy'}=${shown(text)}`);
    else if (sorts.some((s) => s.property === property)) faults.push({ pointer: `?${kind.list.sortParameter ?? 'sortBy'}`, code: 'repeated', message: `names ${name} more than once.` });
    else sorts.push({ property, descending });
  }
  return sorts;
}

/** What a client sent, short and safe in a header and an error. */
function shown(text: string): string {
  return encodeURIComponent(text.slice(0, 64).toWellFormed());
}
