import type { Column } from '../../records/columns.ts';
import { joinedMatches } from './joined.ts';
import type { RecordKind } from '../../records/record-kind.ts';

/** A filter of a list: the property has one of these values (PostgreSQL's text). No values match nothing. */
export interface ListFilterValues {
  property: string;
  values: readonly string[];
}
export interface ListSort {
  property: string;
  descending: boolean;
}

/** A kind's table as lists read it. */
export interface ListTable {
  kind: RecordKind;
  table: string;
  columns: readonly Column[];
  /** Properties with an index of (property, id): its matches come in the order of ids, or all records in its own order. */
  ordered: ReadonlySet<string>;
  /** What is joined is not read with the records: EAGER_LOADING is off. */
  lazy?: boolean;
}

/** The column of a property, quoted. */
export function columnName(table: ListTable, property: string): string {
  return `"${columnOf(table, property).column}"`;
}

/** The column of the primary key, quoted. */
export function idColumn(table: ListTable): string {
  return `"${primaryOf(table).column}"`;
}

/** The property that is the primary key. */
export function primaryOf(table: ListTable): Column {
  const primary = table.columns.find((c) => c.primary);
  if (primary === undefined) throw new Error(`kind ${table.kind.name}: its entity has no primary key`);
  return primary;
}

/** `column = any($n)`, the parameter being an array of the column's type; of a joined property, that its key is one of those. */
export function matches(table: ListTable, property: string, parameter: string): string {
  const joined = table.kind.joined?.[property];
  if (joined !== undefined) return joinedMatches(table.kind.name, joined, table.columns, parameter);
  return `${columnName(table, property)} = any(${parameter}::${arrayType(columnOf(table, property))})`;
}

/**
 * The array type a filter's values are sent as: text for all character columns, so that the index serves; the widest
 * integer for all whole numbers, so that one beyond the column's range matches nothing and is no error.
 */
export function arrayType(column: Column): string {
  if (column.wire === 'text') return 'text[]';
  return column.wire === 'number' ? 'int8[]' : `${column.sqlType}[]`;
}

/** A kind's table, with what its entity says of indexes. */
export function listTable(kind: RecordKind, columns: readonly Column[]): ListTable {
  const primary = columns.find((c) => c.primary)?.property;
  const ordered = new Set<string>();
  for (const index of kind.entity.meta.indexes) {
    const properties = [index.properties ?? []].flat() as string[];
    if (properties.length === 2 && properties[1] === primary && properties[0] !== undefined) ordered.add(properties[0]);
  }
  return { kind, table: `"${kind.entity.meta.tableName}"`, columns, ordered };
}

/** The column of a property. */
export function columnOf(table: ListTable, property: string): Column {
  const column = table.columns.find((c) => c.property === property);
  if (column === undefined) throw new Error(`kind ${table.kind.name}: "${property}" is no property of its entity`);
  return column;
}
