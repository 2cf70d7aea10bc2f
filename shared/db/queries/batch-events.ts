import { ID_BLOCK } from '../../records/shard.ts';
import { BATCH_KIND } from '../../batches/batch-events.ts';

/**
 * Pieces of the statements that tell of large batches: the event is a row of the ledger, written by the statement that does what
 * it tells of. The statement adds one to `events` of the batch's row: that lock is held when the ledger's id is drawn, so
 * that the order of ids is the order of commits.
 */

const ISO = (at: string) => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * SQL: the ledger row of each event in `from`, which has the columns id, no, number (events told of the batch, this one
 * included), type and payload.
 * @param sink SQL of the sink's name
 * @param node SQL of this node's id
 */
export function tell(from: string, sink: string, node: string): string {
  return `
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, key, event, payload)
select e.id, e.number - 1, 'event', ${sink}, '${BATCH_KIND}', 1, (e.no / ${ID_BLOCK}) % f.value::int, e.no, e.number, 1, 0, ${node}, 'waiting', e.id::text, e.type, e.payload
from ${from} e join fixed_setting f on f.name = 'shards' order by e.id, e.number`;
}

const head = (type: string, l: string) =>
  `'type', '${type}', 'batchId', ${l}.id, 'number', ${l}.number, 'kind', ${l}.kind, 'state', ${l}.state, 'tags', ${l}.tags, 'parent', ${l}.parent, 'at', ${ISO('now()')}`;

/** What every event tells of the row `l` of large_batch, for the list of `returning`. */
export const TOLD_OF = `l.id, l.no, l.events as number, l.kind, l.state, l.tags, l.parent, l.created_at, l.started_at, l.carried_ms, l.errors, l.error_code, l.error_message`;

/** How it went: `d` has TOLD_OF, `c` written and rejected. The same figures as GET /api/v1/batches/{id}. */
const outcome = (completed: boolean) => `
  'executionResults', jsonb_build_object('batchCompleted', ${String(completed)}, 'itemsProcessed', c.written + c.rejected, 'itemsSuccessful', c.written, 'itemsFailed', c.rejected,
    'successRate', case when c.written + c.rejected = 0 then null else round(c.written::numeric / (c.written + c.rejected), 6) end),
  'processingTimestamp', ${ISO('now()')},
  'executionMetadata', jsonb_build_object('executionDuration', m.ms, 'averageItemTime', case when c.written + c.rejected = 0 then null else round(m.ms::numeric / (c.written + c.rejected), 3) end,
    'parallelismAchieved', case when d.carried_ms = 0 or m.ms = 0 then null else round(d.carried_ms::numeric / m.ms, 2) end,
    'checkpointsCreated', (select count(*) from checkpoint k where k.batch_id = d.id))`;

/** Of instants in whole ms, as whoever reads them in the batch's status reckons. */
const DURATION = `lateral (select greatest(0, floor(extract(epoch from now()) * 1000) - floor(extract(epoch from coalesce(d.started_at, d.created_at)) * 1000))::int8 as ms) m`;

/** SQL: the event that a batch was carried out; `d` is the batch's row with TOLD_OF, `c` the counts of its items. */
export function batchExecuted(d: string, c: string): string {
  return `select d.id, d.no, d.number, 'BatchExecuted' as type, jsonb_build_object(${head('BatchExecuted', 'd')}, ${outcome(true)}) as payload
from ${d} d cross join ${c} c cross join ${DURATION}`;
}

/** SQL: the event that a batch failed or was cancelled. Errors of items are counted as in the batch's status; the batch's own one is added. */
export function executionFailed(d: string, c: string): string {
  const count = (category: string) => `coalesce((d.errors->>'${category}')::int8, 0)`;
  return `select d.id, d.no, d.number, 'ExecutionFailed' as type, jsonb_build_object(${head('ExecutionFailed', 'd')},
  'status', 'ERROR', 'errorCode', x.code, 'errorMessage', coalesce(d.error_message, case when d.state = 'CANCELLED' then 'The batch was cancelled. What was written stands.' else 'The batch failed. What was written stands.' end),
  'details', jsonb_build_object(
    'systemErrors', ${count('SYSTEM_ERROR')} + ${count('EXECUTION_ERROR')} + (x.code not in ('cancelled', 'deadline', 'error-policy'))::int,
    'resourceErrors', ${count('RESOURCE_ERROR')},
    'dataErrors', greatest(x.items, (x.code = 'error-policy')::int),
    'timeoutErrors', ${count('TIMEOUT_ERROR')} + (x.code = 'deadline')::int), ${outcome(false)}) as payload
from ${d} d cross join ${c} c cross join ${DURATION}
cross join lateral (select coalesce(d.error_code, case when d.state = 'CANCELLED' then 'cancelled' else 'failed' end) as code,
  ${count('ITEM_ERROR')} + greatest(0, c.rejected - (select coalesce(sum(value::int8), 0) from jsonb_each_text(d.errors))) as items) x`;
}

/** SQL: the event that a checkpoint was made; `d` is the batch's row with TOLD_OF, `k` the checkpoint's. */
export function checkpointCreated(d: string, k: string): string {
  return `select d.id, d.no, d.number, 'CheckpointCreated' as type, jsonb_build_object(${head('CheckpointCreated', 'd')},
  'checkpoint', jsonb_build_object('no', k.no, 'at', ${ISO('k.at')}, 'items', k.items, 'bytes', k.bytes, 'written', k.written, 'rejected', k.rejected)) as payload
from ${d} d cross join ${k} k`;
}
