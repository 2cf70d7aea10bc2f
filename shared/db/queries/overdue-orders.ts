import type { NamedStatement } from './flush.ts';

/** Orders in submission that a person was called for, longest first: id, version, flag, submission id, since when. $1 how many. */
export const LIST_OVERDUE: NamedStatement = {
  name: 'list-overdue-orders',
  text: `
select o.id, o.version, o.submission_flag, o.submission_id, o.submission_started::text from orders o
where o.submission_id is not null and o.trade_order_id is null and o.submission_flag in ('overdue', 'clash')
order by o.submission_started nulls first, o.id limit $1`,
};

/** One order: version, status, trade order, submission id, flag, and whether a call of its submission may still be under way ($2: longest legal lease in ms). */
export const FIND_OVERDUE: NamedStatement = {
  name: 'find-overdue-order',
  text: `
select o.version, s.abbreviation, o.trade_order_id, o.submission_id, o.submission_flag, coalesce(o.submission_until > now() and o.submission_until <= now() + $2 * interval '1 ms', false)
from orders o join order_status s on s.id = o.status_id where o.id = $1`,
};
