import { ackedAt } from './acked-at.ts';
import type { NamedStatement } from './flush.ts';
import { joinedSelection } from './joined.ts';
import { columnName, idColumn, type ListTable } from './list-access.ts';

/** All columns of the record `t` as text, in the columns' order, then what is joined (if it is read with them), and last when its insert was acknowledged: null where a record does not show it, for it takes a look-up a record. */
export function recordSelection(table: ListTable): string {
  const columns = table.columns.map((c) => `t.${columnName(table, c.property)}::text`);
  return [...columns, ...(table.lazy === true ? [] : joinedSelection(table.kind, table.columns, 't')), `${showsSentAt(table) ? sentAtOf(table, `t.${idColumn(table)}`) : 'null::text'} as sent_at`].join(', ');
}

/**
 * When the insert of a record was acknowledged, read through the ledger: of the insert rows of the kind the one with the
 * greatest first id that is not above the record's, if its span reaches that far. The sink is not asked for: a kind's
 * inserts have one, and a sink that got another name would send the search through all of the ledger.
 */
export function sentAtOf(table: ListTable, id: string): string {
  return `(select case when ${id} < l.first_id + l.span then ${ackedAt(`'${table.kind.name}'`, id)} end::text from ledger l
    where l.kind = '${table.kind.name}' and l.op = 'insert' and l.written > 0 and l.first_id <= ${id} order by l.first_id desc limit 1)`;
}

function showsSentAt({ kind }: ListTable): boolean {
  return kind.wire.some((entry) => (typeof entry === 'string' ? entry === 'sentTimestamp' : Object.values(entry.members).includes('sentTimestamp')));
}

/** The records with the ids $1, in no order. */
export function getRecordsStatement(table: ListTable): NamedStatement {
  return { name: `get-records-${table.kind.name}`, text: `select ${recordSelection(table)} from unnest($1::int8[]) as p(id) cross join lateral (select * from ${table.table} r where r.${idColumn(table)} = p.id limit 1) t` };
}
