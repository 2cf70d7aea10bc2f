import { ackedAt } from './acked-at.ts';
import type { Column } from '../../records/columns.ts';
import type { RecordKind } from '../../records/record-kind.ts';
import type { NamedStatement } from './flush.ts';
import { joinedSelection } from './joined.ts';

/** The records of a kind whose ids lie in the ranges $1 to $2 (both included): all columns as text, in the columns' order, then what is joined. */
export function loadRecords(table: string, columns: readonly Column[], kind: Pick<RecordKind, 'name' | 'joined'>): NamedStatement {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  const list = [...columns.map((c) => `t."${c.column}"::text`), ...joinedSelection(kind, columns, 't')].join(', ');
  return { name: '', text: `select ${list} from unnest($1::int8[], $2::int8[]) as r(low, high) join "${table}" t on t."${id}" between r.low and r.high` };
}

/**
 * The records with the ids $1, in no order: the same columns. Without a name, and by equality: a plan made while the table was small, or for
 * ranges of unknown width, reads all of it for a few records.
 */
export function recordsById(table: string, columns: readonly Column[], kind: Pick<RecordKind, 'name' | 'joined'>): NamedStatement {
  const id = columns.find((c) => c.primary)?.column ?? 'id';
  const list = [...columns.map((c) => `t."${c.column}"::text`), ...joinedSelection(kind, columns, 't')].join(', ');
  return { name: '', text: `select ${list} from "${table}" t where t."${id}" = any($1::int8[])` };
}

/** For records of kind $1 with the ids $2: when the sink $3 acknowledged their insert, ISO 8601. */
export const LOAD_SENT_AT: NamedStatement = {
  name: '',
  text: `
select r.id, to_char((${ackedAt('$1', 'r.id')}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from unnest($2::int8[]) as r(id)
cross join lateral (
  select first_id, span, sent_at, dead from ledger
  where kind = $1 and op = 'insert' and written > 0 and first_id <= r.id and sink = $3
  order by first_id desc limit 1
) l
where r.id < l.first_id + l.span and l.sent_at is not null`,
};
