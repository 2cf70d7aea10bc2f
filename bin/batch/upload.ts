import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, type BatchState } from '../../shared/batches/states.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { NoReply, wholeOf } from '../send/http-client.ts';
import type { Tried } from '../send/retry-policy.ts';
import { BATCHES, batchOfKey, readStatus, type Asking } from './asking.ts';
import { nextTry } from './next-try.ts';
import type { UploadSource } from './upload-source.ts';

export interface UploadPlan {
  on: Asking;
  source: UploadSource;
  /** By its name in REST. */
  kind: string;
  key: string;
  /** Options of the batch, as REST names them. */
  query: URLSearchParams;
  reference?: string | undefined;
  /** Told once, as soon as it is known, while the upload runs. */
  onBatch: (batchId: string) => void;
}

const ASK_FOR_ID_MS = 150;

/**
 * Uploads all of a source, and goes on by itself whenever the connection breaks: a file from the offset that Sluice tells, a
 * compressed one from its start under the same key. Resolves when all of it was taken, or the batch has ended otherwise.
 * @returns the batch
 * @throws CliError when it could not be done; NoReply in its cause when it was left by `on.signal`
 */
export async function upload(plan: UploadPlan): Promise<string> {
  const { on, source, key } = plan;
  // Before anything is read: standard input can be read only once.
  let batchId = await batchOfKey(on, key);
  if (batchId !== undefined) plan.onBatch(batchId);
  let place = batchId === undefined ? undefined : await readStatus(on, batchId);
  // What has ended is compared, so that another file under the same key is told from the same.
  const goesOn = place !== undefined && !place.complete && !isFinal(place.status.state as BatchState);
  let from = goesOn && source.again === 'from-offset' ? place?.offset ?? 0 : 0;
  for (let tries = 1; ; tries++) {
    const tried = await tryOnce(plan, batchId, from, (found) => {
      batchId = found;
      plan.onBatch(found);
    });
    if (on.signal.aborted) throw new CliError('The upload was broken off.', EXIT.interrupted);
    const next = nextTry(tried, { tries, retries: on.retries, random: on.random(), again: source.again });
    if (next.act === 'stop') throw new CliError(next.why, next.usage ? EXIT.usage : EXIT.system);
    if (next.act === 'done' || next.act === 'over') {
      // A batch that ended early may be over before anybody asked for its name.
      batchId ??= batchOfAnswer(tried) ?? (await batchOfKey(on, key));
      if (batchId === undefined) throw new CliError(`The answer does not name a batch. Is ${on.url.href} the address of a Sluice?`, EXIT.system);
      plan.onBatch(batchId);
      return batchId;
    }
    on.onRetry(next.why, next.afterMs);
    await sleep(next.afterMs, undefined, { signal: on.signal }).catch(() => undefined); // woken to leave
    batchId ??= await batchOfKey(on, key);
    if (batchId === undefined) continue;
    plan.onBatch(batchId);
    place = await readStatus(on, batchId);
    // All of it was taken, only the answer was lost.
    if (place.complete || isFinal(place.status.state as BatchState)) return batchId;
    if (place.offset > from) tries = 0;
    from = source.again === 'from-offset' ? place.offset : 0;
  }
}

/** One request: a new batch, or the rest of one that is known. */
async function tryOnce(plan: UploadPlan, batchId: string | undefined, from: number, onId: (batchId: string) => void): Promise<Tried> {
  const { on, source, kind, key, query, reference } = plan;
  const over = new AbortController();
  const asking = batchId === undefined ? idOf(plan, over.signal, onId) : Promise.resolve();
  const goesOn = batchId !== undefined && source.again === 'from-offset';
  const body = source.open(from);
  try {
    const answer = await on.http.open({
      method: goesOn ? 'PATCH' : 'POST',
      path: goesOn ? `${BATCHES}/${batchId}` : `${BATCHES}/${kind}${query.size === 0 ? '' : `?${query.toString()}`}`,
      headers: {
        'Content-Type': source.contentType, 'Idempotency-Key': key,
        ...(source.encoding === undefined ? {} : { 'Content-Encoding': source.encoding }), ...(goesOn ? { 'Upload-Offset': String(from) } : {}),
        ...(source.size === undefined ? {} : { 'Content-Length': String(source.size - from) }), ...(reference === undefined ? {} : { 'Client-Reference': reference }),
      },
      body, signal: on.signal,
    });
    return { reply: await wholeOf(answer) };
  } catch (error) {
    if (body.errored !== null && error === body.errored) throw new CliError(`${source.name} can't be read: ${body.errored.message}`, EXIT.usage, error);
    return { noReply: error instanceof NoReply ? error : new NoReply((error as Error).message, false, error) };
  } finally {
    over.abort();
    await asking;
  }
}

/** The answer comes only when all is taken: until then the batch is found by its key. */
async function idOf({ on, key }: UploadPlan, over: AbortSignal, onId: (batchId: string) => void): Promise<void> {
  const quiet: Asking = { ...on, retries: 0, onRetry: () => undefined };
  while (!over.aborted) {
    const found = await batchOfKey(quiet, key).catch(() => undefined); // asked again; the upload itself tells what is wrong
    if (found !== undefined) return onId(found);
    await sleep(ASK_FOR_ID_MS, undefined, { signal: over }).catch(() => undefined); // woken: the upload has ended
  }
}

function batchOfAnswer(tried: Tried): string | undefined {
  const location = 'reply' in tried ? tried.reply.headers.location : undefined;
  return location?.split('/').at(-1);
}
