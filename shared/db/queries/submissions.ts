import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';

/**
 * The life of a submission: an order that is NEW with a submission id is in submission. Leases are compared with the database's clock;
 * one that lies further ahead than its longest legal length counts as over.
 */

/** The event that a submission of an order was refused. */
const SUBMISSION_FAILED = 'SubmissionFailed';
const NEW = `(select id from order_status where abbreviation = 'NEW')`;
const SENT = `(select id from order_status where abbreviation = 'SENT')`;
const IN_SUBMISSION = `o.submission_id is not null and o.trade_order_id is null and o.status_id = ${NEW}`;
/** SQL: the lease of `o` is over; the parameter is its longest legal length in ms. */
const leaseOver = (longest: string) => `(o.submission_until is null or o.submission_until <= now() or o.submission_until > now() + ${longest} * interval '1 ms')`;

const LOADED = `o.id, o.version, s.abbreviation, o.trade_order_id, o.submission_id, o.submission_flag, o.portfolio_id, t.abbreviation, o.security_id, o.quantity::text, o.limit_price::text,
       to_char(o.order_timestamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), o.blotter_id`;
const WITH_NAMES = `orders o join order_status s on s.id = o.status_id join order_type t on t.id = o.order_type_id`;

/** All that submissions need of these orders, with the names that the trade service is told, in one query. */
export const LOAD_ORDERS: NamedStatement = {
  name: 'load-orders',
  text: `select ${LOADED} from ${WITH_NAMES} where o.id = any($1::int8[])`,
};

/**
 * Claims orders that are still what was loaded (id, version) and free, for a submission ($3) with a lease ($4 ms). The same submission
 * may claim again: a claim whose answer was lost. Rows: the ids that are its own now. Locks in the order of ids, so that two claims never
 * wait for each other.
 */
export const CLAIM_ORDERS: NamedStatement = {
  name: 'claim-orders',
  text: `
with free as materialized (
  select o.id from orders o join unnest($1::int8[], $2::int4[]) w(id, version) on w.id = o.id
  where o.version = w.version and o.trade_order_id is null and o.status_id = ${NEW} and (o.submission_id is null or o.submission_id = $3)
  order by o.id for no key update of o
)
update orders o set submission_id = $3, submission_started = now(), submission_until = now() + $4 * interval '1 ms', submission_flag = null
from free where o.id = free.id
returning o.id`,
};

/**
 * Writes down what became of claimed orders, each only under its version and submission id. Outcomes: sent (SENT, with its trade
 * order, version + 1), refused and released (NEW and free again), unknown and clash (in submission still, with that flag). What is told
 * of a sent or refused order is a row of the ledger, of this same statement. Rows: the ids that it concerned.
 * A sent order is told of by its change, like any other; a refused one, which has not changed, by an event with the reason.
 * $1 ids, $2 versions, $3 submission ids, $4 outcomes, $5 trade orders, $6 reasons, $7 batch id for the ledger, $8 client, $9 node, $10 trace,
 * $11 the sink that is told of orders, empty for none.
 */
export const SETTLE_SUBMISSIONS: NamedStatement = {
  name: 'settle-submissions',
  text: `
with told as materialized (
  select * from unnest($1::int8[], $2::int4[], $3::text[]::uuid[], $4::text[], $5::int4[], $6::text[]) with ordinality as t(id, version, submission_id, outcome, trade_order_id, reason, no)
),
held as materialized (
  select o.id from orders o join told t on t.id = o.id and t.version = o.version and t.submission_id = o.submission_id
  where o.trade_order_id is null and o.status_id = ${NEW}
  order by o.id for no key update of o
),
done as (
  update orders o set
    status_id = case when t.outcome = 'sent' then ${SENT} else o.status_id end,
    trade_order_id = t.trade_order_id,
    version = o.version + (t.outcome = 'sent')::int,
    submission_id = case when t.outcome in ('refused', 'released') then null else o.submission_id end,
    submission_started = case when t.outcome in ('refused', 'released') then null else o.submission_started end,
    submission_until = case when t.outcome in ('unknown', 'clash') then o.submission_until end,
    submission_flag = case when t.outcome in ('unknown', 'clash') then t.outcome end
  from told t where t.id = o.id and o.id in (select id from held)
  returning o.id, o.version, t.submission_id, t.outcome, t.reason, t.no
),
made as (
  insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at)
  select $7, 'order', $8, 0, 'closed', count(*), now(), now() from done where outcome = 'sent' having count(*) > 0
),
moved as (
  insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, trace)
  select $7, row_number() over (order by d.no) - 1, 'update', $11, 'order', 1, (d.id / ${ID_BLOCK}) % f.value::int, d.id, d.version, 1, 0, $9, case when $11 = '' then 'none' else 'waiting' end, nullif($10, '')
  from done d join fixed_setting f on f.name = 'shards' where d.outcome = 'sent'
),
failed as (
  insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, trace, event, payload)
  select $7, d.no - 1, 'event', $11, 'order', 1, (d.id / ${ID_BLOCK}) % f.value::int, d.id, d.version, 1, 0, $9, 'waiting', nullif($10, ''), '${SUBMISSION_FAILED}',
         jsonb_build_object('type', '${SUBMISSION_FAILED}', 'id', d.id, 'version', d.version, 'reason', d.reason, 'submissionId', d.submission_id, 'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  from done d join fixed_setting f on f.name = 'shards' where d.outcome = 'refused' and $11 <> ''
)
select id from done`,
};

/**
 * Orders in submission whose end the trade service may be asked for: those that their edge gave up on, and those whose lease is over.
 * Rows: as loaded, then whether the lease is over. Those that a person was called for come last, in any order: they are many where the
 * trade service is away, and hold up nobody. $1 longest lease in ms, $2 most.
 */
export const FIND_UNSETTLED: NamedStatement = {
  name: 'find-unsettled-submissions',
  text: `
select ${LOADED}, ${leaseOver('$1')} as over
from ${WITH_NAMES}
where ${IN_SUBMISSION} and o.submission_flag is distinct from 'clash' and (o.submission_flag is not null or ${leaseOver('$1')})
order by (o.submission_flag is not distinct from 'overdue'), case when o.submission_flag = 'overdue' then random() end, o.submission_until nulls first limit $2`,
};

/**
 * Takes orders whose lease is over, to send them again: a lease anew, under the same submission. Rows: the ids.
 * $1 ids, $2 submission ids, $3 lease in ms, $4 longest legal lease.
 */
export const RETAKE_ORDERS: NamedStatement = {
  name: 'retake-orders',
  text: `
with due as materialized (
  select o.id from orders o join unnest($1::int8[], $2::text[]::uuid[]) w(id, submission_id) on w.id = o.id and w.submission_id = o.submission_id
  where ${IN_SUBMISSION} and ${leaseOver('$4')} and (o.submission_flag is null or o.submission_flag = 'unknown')
  order by o.id for no key update of o
)
update orders o set submission_until = now() + $3 * interval '1 ms', submission_flag = 'unknown' from due where o.id = due.id returning o.id`,
};

/** Flags orders that have been in submission for too long, for a person. $1 patience in ms. Rows: the ids. */
export const FLAG_OVERDUE: NamedStatement = {
  name: 'flag-overdue-submissions',
  text: `
update orders o set submission_flag = 'overdue'
where ${IN_SUBMISSION} and (o.submission_flag is null or o.submission_flag = 'unknown') and ${leaseOver('$2')}
  and (o.submission_started is null or o.submission_started <= now() - $1 * interval '1 ms' or o.submission_started > now() + $2 * interval '1 ms')
returning o.id`,
};

/** How many orders are in submission, by flag. */
export const COUNT_OPEN: NamedStatement = {
  name: 'count-open-submissions',
  text: `select coalesce(o.submission_flag, 'none'), count(*) from orders o where ${IN_SUBMISSION} group by 1`,
};

/** Takes a duty, or keeps it: a row comes back for its owner. $1 name, $2 owner, $3 lease in ms. */
export const TAKE_DUTY: NamedStatement = {
  name: 'take-duty',
  text: `
insert into duty (name, owner, until) values ($1, $2, now() + $3 * interval '1 ms')
on conflict (name) do update set owner = excluded.owner, until = excluded.until
where duty.owner = excluded.owner or duty.until <= now() or duty.until > now() + $3 * interval '1 ms'
returning owner`,
};

/** Gives a duty back. */
export const LEAVE_DUTY: NamedStatement = { name: 'leave-duty', text: `delete from duty where name = $1 and owner = $2` };

/** Claims an Idempotency-Key for a submission ($4), whose edge is at work on it for $5 ms. No row: the key is known. */
export const CLAIM_SUBMISSION_KEY: NamedStatement = {
  name: 'claim-submission-key',
  text: `
with claimed as (
  insert into idempotency (client, key, sha, batch_id) values ($1, $2, decode($3, 'hex'), $4)
  on conflict (client, key) do nothing returning batch_id
)
insert into submission_request (id, until) select batch_id, now() + $5 * interval '1 ms' from claimed returning id`,
};

/** What is known of a key: same body or not, its submission, its answer as text, and whether its edge's time is over. $4 longest legal time in ms. */
export const READ_SUBMISSION_KEY: NamedStatement = {
  name: 'read-submission-key',
  text: `
select i.sha = decode($3, 'hex'), i.batch_id, r.answer::text, r.id is null or r.until <= now() or r.until > now() + $4 * interval '1 ms'
from idempotency i left join submission_request r on r.id = i.batch_id where i.client = $1 and i.key = $2`,
};

/** Takes over the work on a keyed submission whose edge went silent. */
export const TAKE_OVER_SUBMISSION: NamedStatement = {
  name: 'take-over-submission',
  text: `
insert into submission_request (id, until) values ($1, now() + $2 * interval '1 ms')
on conflict (id) do update set until = excluded.until
where submission_request.answer is null and (submission_request.until <= now() or submission_request.until > now() + $2 * interval '1 ms')
returning id`,
};

/** Keeps the answer of a keyed submission. */
export const KEEP_ANSWER: NamedStatement = { name: 'keep-submission-answer', text: `update submission_request set answer = $2, until = now() where id = $1` };

/** Forgets a keyed submission that did nothing, so that its key can be used again. */
export const RELEASE_SUBMISSION_KEY: NamedStatement = {
  name: 'release-submission-key',
  text: `with gone as (delete from submission_request where id = $3) delete from idempotency where client = $1 and key = $2 and batch_id = $3`,
};

/** Forgets answers that are older than their key's time, a small lot at a time. */
export const FORGET_ANSWERS: NamedStatement = {
  name: 'forget-submission-answers',
  text: `delete from submission_request where id in (select id from submission_request where at < now() - $1 * interval '1 hour' order by at limit 1000)`,
};

/** One order as its flat record. */
export const FLAT_ORDER: NamedStatement = {
  name: 'flat-order',
  text: `
select o.id, o.blotter_id, o.status_id, o.portfolio_id, o.order_type_id, o.security_id, o.quantity::text, o.limit_price::text,
       to_char(o.order_timestamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), o.trade_order_id, o.version
from orders o where o.id = $1`,
};
