import type { ServiceBroker } from 'moleculer';
import type { Settings } from '../../../shared/config/settings.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { maySubmit, sees } from '../../../shared/access/caller.ts';
import { assertSees, ownerToChange } from '../access/own-batch.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import { readBody } from '../body/read-body.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import type { Handler } from '../http/serve.ts';
import { batchIdOf } from '../list/batch-id.ts';
import { uploadKeyOf } from '../upload/upload-key.ts';
import { heardOf, NOTHING, type Heard } from './events/decide-events.ts';
import type { EventHub } from './events/event-hub.ts';
import type { Run } from './large-facts.ts';
import { listBatches } from './list-batches.ts';
import { parseRetry, planRetry, retryBatch, type Retry } from './retry-batch.ts';
import type { BatchOperation } from './routes.ts';
import { noSuchLargeBatch, parseTuning, tuneBatch } from './tune-batch.ts';

export interface BatchTools {
  run: Run;
  broker: ServiceBroker;
  hub: EventHub;
  kinds: readonly string[];
  settings: Pick<Settings, 'unknownQuery' | 'maxParallelism'>;
  /** How failed items of a kind are carried out again; undefined where they are not kept. */
  retryOf: (kind: string) => Retry | undefined;
}

const MOST_BODY_BYTES = 4_096;

/** The handlers of large batches, but for their upload. */
export function batchHandlers(tools: BatchTools): Record<BatchOperation, Handler> {
  const { run, broker, hub, settings } = tools;
  return {
    'list-batches': async ({ url, caller }) => {
      const { page, ignored } = await listBatches(run, url, tools.kinds, settings.unknownQuery, sees(caller));
      return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(page) };
    },
    'batch-events': async (call) => {
      const batchId = batchIdOf(call);
      const ignored = unknownParameters(call.url, ['lastEventId'], settings.unknownQuery);
      await assertSees(run, call.caller, batchId);
      return events(hub, batchId, heardBy(call), ignored);
    },
    'tune-batch': async (call) => {
      const batchId = batchIdOf(call);
      const ignored = unknownParameters(call.url, [], settings.unknownQuery);
      const name = call.url.pathname.split('/').at(-1) === 'priority' ? 'priority' : 'parallelism';
      const tuning = parseTuning(await bodyOf(call), name, settings.maxParallelism);
      const tuned = await tuneBatch(run, batchId, await ownerToChange(run, call.caller, batchId), tuning);
      // A nudge: every edge looks by itself each second.
      void broker.broadcast('batch.steered', { batchId });
      return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(tuned) };
    },
    'retry-batch': async (call) => {
      const batchId = batchIdOf(call);
      const ignored = unknownParameters(call.url, [], settings.unknownQuery);
      const { dryRun } = parseRetry(await bodyOf(call));
      const retrying = { run, retryOf: tools.retryOf, assertMay: (kind: string) => maySubmit(call.caller, kind) };
      const client = await ownerToChange(run, call.caller, batchId);
      if (dryRun) return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(await planRetry(retrying, { batchId, client })) };
      const retried = await retryBatch(retrying, { batchId, client, ...retryKey(call, batchId), requestId: call.requestId, trace: call.trace });
      return { status: 202, headers: { Location: `/api/v1/batches/${retried.batchId}`, ...ignoredHeader(ignored) }, body: JSON.stringify(retried) };
    },
  };
}

/** The Idempotency-Key of a retry: of this batch alone. */
function retryKey({ req }: Call, batchId: string): { key?: { key: string; sha: string } } {
  const key = uploadKeyOf(req, `retry of ${batchId}`);
  return key === undefined ? {} : { key };
}

async function events(hub: EventHub, batchId: string, heard: Heard, ignored: readonly string[]): Promise<Answer> {
  const stream = await hub.listen(batchId, heard);
  if (stream === undefined) throw noSuchLargeBatch();
  // 204 tells a browser not to come back.
  if (stream === 'over') return { status: 204, headers: ignoredHeader(ignored) };
  const headers = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no', ...ignoredHeader(ignored) };
  return { status: 200, headers, contentType: 'text/event-stream; charset=utf-8', body: stream, live: true };
}

/** Last-Event-ID, or the parameter where no header can be set. @throws ProblemError 400 invalid-event-id */
function heardBy({ req, url }: Call): Heard {
  const header = req.headers['last-event-id'];
  const id = url.searchParams.get('lastEventId') ?? (typeof header === 'string' ? header : undefined);
  if (id === undefined || id === '') return NOTHING;
  const heard = heardOf(id);
  if (heard === undefined) throw new ProblemError({ status: 400, code: 'invalid-event-id', title: 'Invalid Last-Event-ID', detail: 'Last-Event-ID is the id of an event of this stream, such as 12-3; leave it out to begin with what is so now.' });
  return heard;
}

async function bodyOf(call: Call): Promise<unknown> {
  bodyFormat(call.req.headers, ['json']);
  const bytes = await readBody(call.req, { maxBytes: MOST_BODY_BYTES, deadlineAt: call.deadlineAt });
  return bytes.length === 0 ? {} : parseSingle(bytes);
}
