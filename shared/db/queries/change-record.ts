import { ackedAt } from './acked-at.ts';
import type { Column } from '../../records/columns.ts';
import type { RecordKind } from '../../records/record-kind.ts';
import { castText } from './flush.ts';
import { joinedProperties, joinedSelection } from './joined.ts';

/** All columns of a record as text, by property: exact for decimals, bigints and times alike. */
export function recordColumns(columns: readonly Column[], alias: string): string {
  return columns.map((c) => `${alias}."${c.column}"::text as "${c.property}"`).join(', ');
}

/** The batch of a change: one row, closed. None comes back when it is there already. */
export const INSERT_CHANGE_BATCH = `
insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at, client_reference)
values ($1, $2, $3, 0, 'closed', 1, now(), now(), $4)
on conflict (id) do nothing returning id`;

/** The change with this batch id, if it was committed: what it did. */
export const FIND_CHANGE = `select op from ledger where batch_id = $1 and first_index = 0 and op in ('update', 'delete') limit 1`;

/** The record, locked until the change is committed. */
export function lockRecord(table: string, columns: readonly Column[]): string {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  return `select ${recordColumns(columns, 't')} from "${table}" t where "${id}" = $1 for update`;
}

/** The record as it is. */
export function readRecord(table: string, columns: readonly Column[]): string {
  return lockRecord(table, columns).replace(/ for update$/, '');
}

/** Sets these properties, moves the version by one, and gives the record back. Parameters: id, version, then the values as text. */
export function updateRecord(table: string, columns: readonly Column[], properties: readonly string[]): string {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  const sets = properties.map((property, i) => {
    const column = columns.find((c) => c.property === property);
    if (column === undefined) throw new Error(`"${property}" is no column of ${table}`);
    return `"${column.column}" = ${castText(`$${i + 3}::text`, column)}`;
  });
  return `update "${table}" t set ${[...sets, `"version" = t."version" + 1`].join(', ')} where "${id}" = $1 and "version" = $2 returning ${recordColumns(columns, 't')}`;
}

/** The record as it is, with what is joined. */
export function readJoined(table: string, columns: readonly Column[], kind: Pick<RecordKind, 'name' | 'joined'>): string {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  const properties = joinedProperties(kind);
  const joined = joinedSelection(kind, columns, 't').map((value, i) => `${value} as "${properties[i] ?? ''}"`);
  return `select ${[recordColumns(columns, 't'), ...joined].join(', ')} from "${table}" t where "${id}" = $1`;
}

/** Deletes the record. Parameters: id, version. */
export function deleteRecord(table: string, columns: readonly Column[]): string {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  return `delete from "${table}" where "${id}" = $1 and "version" = $2 returning "${id}"`;
}

/** The ledger rows of a change ($9 `update`) or a deletion (`delete`, with its message $10), one for each sink; their ids are drawn after the record's lock, so their order is commit order. */
export const INSERT_CHANGE_LEDGER = `
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, trace, payload)
select $1, 0, $9, sink, $2, 1, $3, $4, $5, 1, 0, $6, case when sink = '' then 'none' else 'waiting' end, nullif($7, ''), $10::jsonb
from unnest($8::text[]) as k(sink)`;

/** When the record's insert was acknowledged, or null. */
export const FIND_SENT_AT = `
select (${ackedAt('$1', '$2')})::text from (
  select first_id, span, sent_at, dead from ledger
  where kind = $1 and op = 'insert' and written > 0 and first_id <= $2
  order by first_id desc limit 1
) l where $2 < first_id + span`;
