import type { NamedStatement } from './flush.ts';

/** Seconds before the newest checkpoint that a rate is measured over. */
const WINDOW_S = 60;
/** Most checkpoints that are looked at for it. */
const MOST_CHECKPOINTS = 5_000;

const checkpointOf = (written: string, rejected: string) => `json_build_object('no', c.no, 'at', c.at, 'items', c.items, 'bytes', c.bytes, 'written', ${written}, 'rejected', ${rejected})`;
const CHECKPOINT = checkpointOf('c.written', 'c.rejected');
/** What was received to be carried out later is neither written nor rejected yet. */
const DONE = checkpointOf('case when c.carried = l.staged then c.written else 0 end', 'case when c.carried = l.staged then c.rejected else 0 end');

/** What clients see of a large batch's row `l`, its lease in `b` and its newest checkpoint `c`, as one JSON value. */
export const LARGE_FACTS = `
json_build_object(
  'id', l.id, 'kind', l.kind, 'state', l.state, 'beforePause', l.before_pause, 'version', l.version, 'staged', l.staged, 'priority', l.lane, 'parallelism', l.parallelism,
  'checkpointInterval', l.checkpoint_interval, 'checkpointing', l.checkpointing, 'errorPolicy', l.error_policy, 'maxRetries', l.max_retries,
  'tags', l.tags, 'format', l.format, 'parent', l.parent, 'createdAt', l.created_at, 'startedAt', l.started_at, 'finishedAt', l.finished_at, 'deadlineAt', l.deadline_at,
  'total', l.total, 'uploadBytes', l.upload_bytes, 'errors', l.errors, 'errorCode', l.error_code, 'errorMessage', l.error_message, 'carriedMs', l.carried_ms,
  'now', now(), 'checkpoints', (select coalesce(max(k.no), 0) from checkpoint k where k.batch_id = l.id), 'attended', b.lease_until is not null and b.lease_until > now(), 'checkpoint', case when c.no is null then null else ${DONE} end)`;

/** Of a staged batch that has begun the checkpoints count from zero again: they tell what is carried out, those before what was received. */
const OF_PHASE = `carried = (l.staged and l.started_at is not null)`;

/** The newest checkpoint of the large batch `l`. */
export const NEWEST_CHECKPOINT = `lateral (select * from checkpoint where batch_id = l.id and ${OF_PHASE} order by no desc limit 1) c`;

/** The large batch $1, and the checkpoints of its last minute, the last one of each second, oldest first. */
export const LARGE_PROGRESS: NamedStatement = {
  name: 'large-progress',
  text: `
with recent as (select k.at, k.items, k.bytes from large_batch l join checkpoint k on k.batch_id = l.id and k.${OF_PHASE} where l.id = $1 order by k.no desc limit ${MOST_CHECKPOINTS}),
samples as (
  select distinct on (floor(extract(epoch from at))) at, items, bytes from recent
  where at >= (select max(at) from recent) - interval '${WINDOW_S} s' order by floor(extract(epoch from at)), items desc
)
select ${LARGE_FACTS}, (select coalesce(json_agg(json_build_object('at', at, 'items', items, 'bytes', bytes) order by at), '[]') from samples)
from large_batch l join batch b on b.id = l.id left join ${NEWEST_CHECKPOINT} on true where l.id = $1`,
};

/** The newest $3 checkpoints of the batch $1 with a number above $2, oldest first, as one JSON value. */
export const CHECKPOINTS_AFTER: NamedStatement = {
  name: 'checkpoints-after',
  text: `select coalesce(json_agg(${CHECKPOINT} order by no), '[]') from (select * from checkpoint where batch_id = $1 and no > $2 order by no desc limit $3) c`,
};
