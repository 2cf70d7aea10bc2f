import { batchExecuted, checkpointCreated, executionFailed, tell, TOLD_OF } from './batch-events.ts';
import type { NamedStatement } from './flush.ts';

/**
 * Statements on large batches. The batch row keeps the fence (epoch) and the lease; large_batch what clients see. Both
 * change in one statement where one depends on the other.
 */

const COLUMNS = `l.id, l.kind, l.client, l.state, l.before_pause, l.staged, l.lane, l.parallelism, l.checkpoint_interval, l.checkpointing, l.error_policy, l.max_retries, l.tags,
  l.format, l.csv_header, l.parent, l.created_at, l.started_at, l.finished_at, l.deadline_at, l.total, l.upload_bytes, l.errors, l.error_code, l.error_message, l.carried_ms, l.version`;

/**
 * Opens a large batch with its lease, and claims its key if it has one ($17 not null). No row comes back where the key is
 * known already; harmless where the batch is open from a try whose answer was lost.
 */
export const OPEN_LARGE: NamedStatement = {
  name: 'open-large',
  text: `
with claimed as (
  insert into idempotency (client, key, sha, batch_id) select $3, $17, decode($18, 'hex'), $1 where $17::text is not null
  on conflict (client, key) do nothing returning batch_id
),
allowed as (select $1::uuid as id where $17::text is null or exists (select from claimed)),
made as (
  insert into batch (id, kind, client, epoch, state, requested, received_at, lease_owner, lease_until, client_reference, large)
  select id, $2, $3, 0, 'open', 0, $4::timestamptz, $5, now() + $6 * interval '1 ms', $19, true from allowed
  on conflict (id) do nothing returning id
)
insert into large_batch (id, kind, client, state, staged, lane, parallelism, checkpoint_interval, checkpointing, error_policy, max_retries, tags, format, parent, deadline_at, auto_start)
select id, $2, $3, 'RECEIVING', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now() + $20 * interval '1 ms', $21 from made
returning id`,
};

/** How many large batches the client $1 has in flight: being uploaded now, or carried out. One that broke off and waits to go on is none. */
export const LARGE_IN_FLIGHT: NamedStatement = {
  name: 'large-in-flight',
  text: `
select count(*) from large_batch l join batch b on b.id = l.id
where l.state in ('RECEIVING', 'RUNNING') and l.client = $1 and (l.state = 'RUNNING' or b.lease_until > now())`,
};

/** The kind of the large batch $1 of a client. */
export const LARGE_KIND: NamedStatement = { name: 'large-kind', text: 'select kind from large_batch where id = $1 and client = $2' };

/** The batch that a key names: the same sort of request or not, and its id. */
export const LARGE_OF_KEY: NamedStatement = {
  name: 'large-of-key',
  text: `select i.sha = decode($3, 'hex') as same, i.batch_id from idempotency i where i.client = $1 and i.key = $2`,
};

/** All of a large batch's row, its fence, whether its lease is over ($2: longest legal lease, ms), and the time left to its deadline in ms. */
export const READ_LARGE: NamedStatement = {
  name: 'read-large',
  text: `
select ${COLUMNS}, b.epoch, b.state as fence, b.received_at, b.lease_until is null or b.lease_until <= now() or b.lease_until > now() + $2 * interval '1 ms' as due,
       extract(epoch from l.deadline_at - now()) * 1000 as left_ms, l.auto_start
from large_batch l join batch b on b.id = l.id where l.id = $1`,
};

/** Gives the lease back: the upload broke off, and may go on anywhere. Not where it goes on already, at another epoch, be it at the same edge. */
export const LEAVE_LARGE: NamedStatement = {
  name: 'leave-large',
  text: `update batch set lease_owner = null, lease_until = null where id = $1 and lease_owner = $2 and epoch = $3 and state = 'open'`,
};

/** Ledger slices that begin at index $2 or later and before $3, in order: first index, span, written. */
export const SLICES_BETWEEN: NamedStatement = {
  name: 'slices-between',
  text: `select distinct on (first_index) first_index, span, written from ledger where batch_id = $1 and op = 'insert' and first_index >= $2 and first_index < $3 order by first_index, sink`,
};

/** The newest checkpoint of the upload: items, bytes, sha (hex), written, rejected. */
export const LAST_CHECKPOINT: NamedStatement = {
  name: 'last-checkpoint',
  text: `select items, bytes, encode(sha, 'hex'), written, rejected from checkpoint where batch_id = $1 and not carried order by no desc limit 1`,
};

/** All checkpoints' places in the upload, in order: items, sha (hex). */
export const CHECKPOINT_MARKS: NamedStatement = {
  name: 'checkpoint-marks',
  text: `select items, encode(sha, 'hex') from checkpoint where batch_id = $1 and sha is not null order by no`,
};

/**
 * Writes a checkpoint of an upload at $3 items, and tells of it ($8 sink, $9 node); only while the writer's epoch holds. The batch's row is
 * locked first: its events have one order, and none comes behind its end. A row comes back where there is one at so many items, or
 * more: a repeat writes none.
 */
export const ADD_CHECKPOINT: NamedStatement = {
  name: 'add-checkpoint',
  text: `
with live as (
  select l.id from large_batch l join batch b on b.id = l.id
  where l.id = $1 and b.epoch = $2 and b.state = 'open' and l.state not in ('COMPLETED', 'FAILED', 'CANCELLED') for no key update of l
),
there as (select items from checkpoint where batch_id = $1 and not carried and items >= $3 limit 1),
made as (
  insert into checkpoint (batch_id, no, items, bytes, sha, written, rejected)
  select id, 1 + coalesce((select max(no) from checkpoint where batch_id = $1), 0), $3, $4, decode($5, 'hex'), $6, $7 from live where not exists (select from there)
  on conflict (batch_id, no) do nothing
  returning batch_id, no, at, items, bytes, written, rejected
),
counted as (update large_batch l set events = events + 1 from made where l.id = made.batch_id returning ${TOLD_OF}),
event as (${checkpointCreated('counted', 'made')}),
told as (${tell('event', '$8', '$9')})
select items from made union all select items from there`,
};

/** The checkpoints of a batch's last phase say nothing that the ledger's counts `c` and its $3 items gainsay, and the newest is at its end. */
const CHECKPOINTS_AGREE = `not exists (
    select from checkpoint k where k.batch_id = $1 and k.carried = live.staged and (k.items > $3 or k.written > c.written or k.rejected > c.rejected or k.written + k.rejected <> k.items)
  ) and ($3 = 0 or exists (select from checkpoint k where k.batch_id = $1 and k.carried = live.staged and k.items = $3))`;

/** The header row of an upload in CSV, kept so that the upload can go on without it. */
export const KEEP_CSV_HEADER: NamedStatement = {
  name: 'keep-csv-header',
  text: `update large_batch set csv_header = $2 where id = $1`,
};

/** Where the batches in $1 stand: what may have been steered. State, lane, parallelism, version, ms left. */
export const STEERED: NamedStatement = {
  name: 'steered',
  text: `select id, state, lane, parallelism, version, extract(epoch from deadline_at - now()) * 1000 from large_batch where id = any($1::uuid[])`,
};

/**
 * Ends a large batch well: only if the ledger holds exactly the items 0 to $3 - 1, without a gap, and the checkpoints say so too. Fence, state and the
 * event that tells of it ($5 sink, $6 node) in one statement; no row comes back where the counts do not agree, or somebody else ended it.
 */
export const COMPLETE_LARGE: NamedStatement = {
  name: 'complete-large',
  text: `
with covered as (
  select coalesce(sum(span), 0) as items, coalesce(max(first_index + span), 0) as up_to, coalesce(sum(written), 0) as written, coalesce(sum(rejected), 0) as rejected
  from (select distinct on (first_index) first_index, span, written, rejected from ledger where batch_id = $1 and op in ('insert', 'process') order by first_index, sink) s
),
live as (select id, staged from large_batch where id = $1 and state in ('RECEIVING', 'RUNNING') for update),
ended as (
  update batch b set state = 'closed', closed_at = now(), requested = $3, lease_owner = null, lease_until = null
  from covered c, live where b.id = live.id and b.epoch = $2 and b.state = 'open' and c.items = $3 and c.up_to = $3 and ${CHECKPOINTS_AGREE}
  returning b.id
),
done as (
  update large_batch l set state = 'COMPLETED', finished_at = now(), total = $3, upload_bytes = coalesce($4, upload_bytes), version = version + 1, events = events + 1
  from ended where l.id = ended.id
  returning ${TOLD_OF}
),
event as (${batchExecuted('done', 'covered')}),
told as (${tell('event', '$5', '$6')})
select id from done`,
};

/** Closes the fence of a large batch; waits for running flushes. After it, what the ledger holds is all there ever will be. */
export const CLOSE_FENCE: NamedStatement = {
  name: 'close-fence',
  text: `
update batch set epoch = epoch + 1, state = 'closed', closed_at = now(), lease_owner = null, lease_until = null
where id = $1 and state = 'open' returning epoch`,
};

/**
 * Notes how many items a batch with a closed fence has accepted: those in the ledger, and those staged, which count as
 * withdrawn; so does a gap between them. A statement of its own: the one that closes the fence has a snapshot from before the
 * flushes it waited for. What was counted once stays counted when the staged chunks are gone.
 */
export const COUNT_ACCEPTED: NamedStatement = {
  name: 'count-accepted',
  text: `
update batch set requested = greatest(requested,
  (select coalesce(max(first_index + span), 0) from ledger where batch_id = $1 and op in ('insert', 'process')),
  (select coalesce(max(first_index + span), 0) from chunk where batch_id = $1))
where id = $1 and state = 'closed'`,
};

/**
 * Moves the state from one of $2 to $3, which is not an end; answers the row's new version, or nothing. $4: the version that was decided on, or null:
 * a state may have come back meanwhile, with another one behind its pause.
 */
export const MOVE_LARGE: NamedStatement = {
  name: 'move-large',
  text: `
update large_batch set state = $3, before_pause = case when $3 = 'PAUSED' then state else null end, version = version + 1,
  started_at = case when $3 = 'RUNNING' then coalesce(started_at, now()) else started_at end
where id = $1 and state = any($2::text[]) and ($4::int4 is null or version = $4::int4)
returning version`,
};

/**
 * Ends a batch whose fence is closed: from one of the states $2 to $3 (FAILED or CANCELLED), with error code $4 and message $5, and
 * tells of it ($6 sink, $7 node) with the counts that the ledger has. Nothing comes back where it has ended already.
 */
export const END_LARGE: NamedStatement = {
  name: 'end-large',
  text: `
with counts as (
  select coalesce(sum(written), 0) as written, coalesce(sum(rejected), 0) as rejected
  from (select distinct on (first_index) written, rejected from ledger where batch_id = $1 and op in ('insert', 'process') order by first_index, sink) s
),
done as (
  update large_batch l set state = $3, before_pause = null, version = version + 1, finished_at = now(),
    error_code = coalesce($4, error_code), error_message = coalesce($5, error_message), events = events + 1
  where id = $1 and state = any($2::text[])
  returning ${TOLD_OF}
),
event as (${executionFailed('done', 'counts')}),
told as (${tell('event', '$6', '$7')})
select id from done`,
};

/** Batches that should have ended: past their deadline, or left half way to their end. With their state. */
export const OVERDUE_LARGE: NamedStatement = {
  name: 'overdue-large',
  text: `
select l.id, l.state, l.deadline_at <= now() as late from large_batch l join batch b on b.id = l.id
where l.state in ('RECEIVING', 'READY', 'RUNNING', 'PAUSED', 'CANCELLING') and (l.deadline_at <= now() or l.state = 'CANCELLING' or b.state = 'closed') limit 100`,
};
