import type { NamedStatement } from './flush.ts';

/**
 * Statements on staged chunks: parts of a large batch that are kept before they are carried out. A chunk goes when the ledger
 * has its range. The batch's epoch fences whoever stages or carries, as it fences every flush.
 */

/**
 * Items of a chunk `c` that the ledger lacks. Only one that was taken once can be there in part, so only for those the ledger
 * is asked: there are few at a time.
 */
export const STILL_STAGED = `c.span - case when c.epoch is null then 0 else coalesce((
  select sum(span) from (select distinct on (first_index) span from ledger s where s.batch_id = c.batch_id and s.op = 'insert' and s.first_index >= c.first_index and s.first_index < c.first_index + c.span order by first_index, sink) d), 0) end`;

/** Keeps a chunk; no row comes back when it is there already, or the batch is not this upload's any more. */
export const STAGE_CHUNK: NamedStatement = {
  name: 'stage-chunk',
  text: `
with held as (select id from batch where id = $1 and epoch = $2 and state = 'open' for share)
insert into chunk (batch_id, first_index, span, rejected, body, trace)
select l.id, $3, $4, $5, $6, $7 from held join large_batch l on l.id = held.id and l.staged and l.total is null
on conflict (batch_id, first_index) do nothing
returning first_index`,
};

/**
 * Parts of a staged batch that begin at index $2 or later and before $3, in order, without overlap: first index, span,
 * written (or to be written). One snapshot sees each item staged or in the ledger.
 */
export const STAGED_BETWEEN: NamedStatement = {
  name: 'staged-between',
  text: `
with c as (select first_index, span, span - rejected as written from chunk where batch_id = $1 and first_index >= $2 and first_index < $3),
     s as (select distinct on (first_index) first_index, span, written from ledger where batch_id = $1 and op = 'insert' and first_index >= $2 and first_index < $3 order by first_index, sink)
select first_index, span, written from c
union all select * from s where not exists (select from c where s.first_index >= c.first_index and s.first_index < c.first_index + c.span)
order by first_index`,
};

/**
 * The upload of a staged batch is complete: only if exactly the items 0 to $3 - 1 are staged, without a gap. The fence stays open,
 * the lease ends; the batch waits for its start, or has started by itself. Answers its state.
 */
export const STAGED_WHOLE: NamedStatement = {
  name: 'staged-whole',
  text: `
with covered as (select coalesce(sum(span), 0) as items, coalesce(max(first_index + span), 0) as up_to from chunk where batch_id = $1),
live as (select id from large_batch where id = $1 and state = 'RECEIVING' for update),
left_to_start as (
  update batch b set requested = $3, lease_owner = null, lease_until = null
  from covered c, live where b.id = live.id and b.epoch = $2 and b.state = 'open' and c.items = $3 and c.up_to = $3
  returning b.id
)
update large_batch l set state = case when l.auto_start then 'RUNNING' else 'READY' end, started_at = case when l.auto_start then now() else l.started_at end,
  total = $3, upload_bytes = $4, version = version + 1
from left_to_start s where l.id = s.id
returning l.state`,
};

/** Batches whose staged chunks are carried out now: id, kind, epoch, version, total, error policy, whether chunks are left, parallelism, tags, retries, checkpoint interval. Those of the higher lanes first. */
export const RUNNING_STAGED: NamedStatement = {
  name: 'running-staged',
  text: `
select l.id, l.kind, b.epoch, l.version, l.total, l.error_policy, exists (select from chunk c where c.batch_id = l.id) as any_left, l.parallelism, l.tags, l.max_retries, l.checkpoint_interval, l.lane
from large_batch l join batch b on b.id = l.id
where l.state = 'RUNNING' and l.staged and b.state = 'open' order by array_position(array['high', 'normal', 'low'], l.lane), l.started_at`,
};

/**
 * Locks a running batch against other carriers for the length of this claim, so that what is counted afterwards is counted
 * alone. Row: client, lane, parallelism, epoch, received_at, ms to the deadline. No row where another one claims just now.
 */
export const LOCK_RUNNING: NamedStatement = {
  name: 'lock-running',
  text: `
select l.client, l.lane, l.parallelism, b.epoch, b.received_at, extract(epoch from l.deadline_at - now()) * 1000
from large_batch l join batch b on b.id = l.id where l.id = $1 and l.state = 'RUNNING' and b.state = 'open' for no key update of l skip locked`,
};

/**
 * Leases up to $4 chunks of a batch to $2 for $3 ms, as long as not more than $5 are leased in the whole fleet. A lease that
 * ends too far ahead counts as over: a clock that jumped back can't keep a chunk for ever.
 * Rows: first index, span, body, trace, attempts with this one, the epoch of the attempt before.
 */
export const CLAIM_CHUNKS: NamedStatement = {
  name: 'claim-chunks',
  text: `
update chunk c set lease_owner = $2, lease_until = now() + $3 * interval '1 ms', attempts = c.attempts + 1, epoch = $6
from (
  select first_index, epoch as before from chunk
  where batch_id = $1 and (lease_until is null or lease_until <= now() or lease_until > now() + 10 * $3 * interval '1 ms')
  order by first_index
  limit greatest(0, least($4, $5 - (select count(*) from chunk where batch_id = $1 and lease_owner is not null and lease_until > now())))
  for update skip locked
) t
where c.batch_id = $1 and c.first_index = t.first_index
returning c.first_index, c.span, c.body, c.trace, c.attempts, t.before`,
};

/** A new epoch for a batch that is carried out: after it, nothing of the attempts before can be written. Waits for running flushes. */
export const RAISE_RUNNING: NamedStatement = {
  name: 'raise-running',
  text: `update batch set epoch = epoch + 1 where id = $1 and epoch = $2 and state = 'open' returning epoch`,
};

/** Notes the epoch at which chunks just leased are tried. */
export const CHUNKS_AT_EPOCH: NamedStatement = {
  name: 'chunks-at-epoch',
  text: `update chunk set epoch = $3 where batch_id = $1 and first_index = any($2::int4[])`,
};

/**
 * The epoch at which the holder $3 of a chunk may write it now: while its items were carried out, other chunks may have raised it. Noted on
 * the chunk, so that whoever takes it after us raises it once more. No row where somebody else holds it, or the batch has ended.
 */
export const CHUNK_EPOCH_NOW: NamedStatement = {
  name: 'chunk-epoch-now',
  text: `
update chunk c set epoch = b.epoch from batch b
where c.batch_id = $1 and c.first_index = $2 and c.lease_owner = $3 and b.id = c.batch_id and b.state = 'open'
returning c.epoch`,
};

/** A row where $3 holds the chunk $2 of the batch $1 now. */
export const HELD_CHUNK: NamedStatement = { name: 'held-chunk', text: 'select first_index from chunk where batch_id = $1 and first_index = $2 and lease_owner = $3' };

/** Renews the leases that $1 holds on the chunks ($2, $3), by position; answers batch and first index of those it holds. */
export const RENEW_CHUNKS: NamedStatement = {
  name: 'renew-chunks',
  text: `
update chunk c set lease_until = now() + $4 * interval '1 ms' from unnest($2::uuid[], $3::int4[]) k(batch_id, first_index)
where c.batch_id = k.batch_id and c.first_index = k.first_index and c.lease_owner = $1
returning c.batch_id, c.first_index`,
};

/** Gives a chunk back; it may be taken again in $4 ms. $5: whether the attempt counts. */
export const GIVE_CHUNK_BACK: NamedStatement = {
  name: 'give-chunk-back',
  text: `
update chunk set lease_owner = null, lease_until = now() + $4 * interval '1 ms', attempts = attempts - case when $5 then 0 else 1 end
where batch_id = $1 and first_index = $2 and lease_owner = $3`,
};

/** Deletes a chunk whose whole range is in the ledger, with its items that were carried out, and adds those that failed to the batch's errors by category; no row comes back where it is not. */
export const DROP_CHUNK: NamedStatement = {
  name: 'drop-chunk',
  text: `
with gone as (delete from chunk c where batch_id = $1 and first_index = $2 and span = (
  select sum(span) from (
    select distinct on (first_index) span from ledger l
    where l.batch_id = $1 and l.op = 'insert' and l.first_index >= c.first_index and l.first_index < c.first_index + c.span order by first_index, sink
  ) s
)
returning first_index, span),
carried as (delete from item i using gone g where i.batch_id = $1 and i.idx >= g.first_index and i.idx < g.first_index + g.span and i.state <> 'failed'),
failed as (select i.category, count(*) as n from item i join gone g on i.idx >= g.first_index and i.idx < g.first_index + g.span where i.batch_id = $1 and i.state = 'failed' and i.category is not null group by 1),
noted as (
  update large_batch l set errors = (
    select jsonb_object_agg(e.category, e.n) from (select category, sum(n) as n from (select key as category, value::int8 as n from jsonb_each_text(l.errors) union all select category, n from failed) u group by category) e)
  where l.id = $1 and exists (select from failed)
)
select first_index from gone`,
};

/** What the ledger has of a batch: written, rejected. */
export const LARGE_COUNTS: NamedStatement = {
  name: 'large-counts',
  text: `select coalesce(sum(written), 0), coalesce(sum(rejected), 0) from (select distinct on (first_index) written, rejected from ledger where batch_id = $1 and op = 'insert' order by first_index, sink) s`,
};

/** Deletes up to $1 chunks of batches that have ended; they are counted by then. */
export const SWEEP_CHUNKS: NamedStatement = {
  name: 'sweep-chunks',
  text: `
delete from chunk where (batch_id, first_index) in (
  select c.batch_id, c.first_index from large_batch l join chunk c on c.batch_id = l.id
  where l.id in (select distinct batch_id from chunk) and l.state in ('COMPLETED', 'FAILED', 'CANCELLED') limit $1
)
returning first_index`,
};
