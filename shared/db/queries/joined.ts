import type { NamedStatement } from './flush.ts';
import type { Column } from '../../records/columns.ts';
import type { Joined, RecordKind } from '../../records/record-kind.ts';

/** The properties that a kind's records have from other tables, in their order. */
export function joinedProperties(kind: Pick<RecordKind, 'joined'>): string[] {
  return Object.keys(kind.joined ?? {});
}

/** SQL: each of these properties of the row `alias`, as text: one look-up by key each, in the query that reads the row. */
export function joinedSelection(kind: Pick<RecordKind, 'name' | 'joined'>, columns: readonly Column[], alias: string): string[] {
  return Object.values(kind.joined ?? {}).map((joined) => `${joinedValue(kind.name, joined, columns, alias)}::text`);
}

/** The joined properties of one record, by the values that they are looked up with: parameters, in the order of `vias`. */
export function joinedOfOne(kind: Pick<RecordKind, 'name' | 'joined'>, columns: readonly Column[]): { statement: NamedStatement; vias: string[] } {
  const vias = [...new Set(Object.values(kind.joined ?? {}).map(({ via }) => via))];
  const values = vias.map((via, i) => `$${i + 1}::${columns.find((c) => c.property === via)?.sqlType ?? 'text'} as "${viaColumn(kind.name, via, columns)}"`);
  return { statement: { name: `joined-of-${kind.name}`, text: `select ${joinedSelection(kind, columns, 't').join(', ')} from (select ${values.join(', ')}) t` }, vias };
}

/** SQL of one joined property of the row `alias`. */
export function joinedValue(kind: string, { via, table, key, column }: Joined, columns: readonly Column[], alias: string): string {
  return `(select j."${column}" from "${table}" j where j."${key}" = ${alias}."${viaColumn(kind, via, columns)}")`;
}

/** SQL: the joined property is among the values of a parameter. It looks the few keys up first, so that an index of the key's column serves. */
export function joinedMatches(kind: string, { via, table, key, column }: Joined, columns: readonly Column[], parameter: string): string {
  return `"${viaColumn(kind, via, columns)}" = any(array(select j."${key}" from "${table}" j where j."${column}" = any(${parameter}::text[])))`;
}

function viaColumn(kind: string, via: string, columns: readonly Column[]): string {
  const column = columns.find((c) => c.property === via);
  if (column === undefined) throw new Error(`kind ${kind}: "${via}" is no property of its entity`);
  return column.column;
}
