import type { components } from './api.ts';
import { NoAnswer, SluiceError } from './errors.ts';
import { refusal, type Http } from './http.ts';
import { retryAfterMs } from './pauses.ts';
import { uploadSource, type UploadInput } from './upload-source.ts';

export type Uploaded = components['schemas']['Uploaded'];
export type BatchStatus = components['schemas']['BatchStatus'] & Partial<Omit<components['schemas']['LargeBatchStatus'], keyof components['schemas']['BatchStatus'] | 'state'>>;

/** How a large batch is to be carried out; docs/large-batches.md has what each means. */
export interface UploadOptions {
  /** The same key with the same content is the same batch; made up where none is given, and kept for every try. */
  idempotencyKey?: string;
  /** Of bytes and text; objects are sent as `ndjson`, which is the default. */
  format?: 'ndjson' | 'json' | 'csv';
  priority?: 'high' | 'normal' | 'low';
  parallelism?: number;
  checkpointInterval?: number;
  enableCheckpointing?: boolean;
  /** `continue`, `stop`, or a share of the items such as `5%`. */
  errorPolicy?: string;
  /** Such as `90s`, `30m`, `4h`. */
  deadline?: string;
  maxRetryAttempts?: number;
  tags?: readonly string[];
  start?: 'auto' | 'manual';
  clientReference?: string;
  /** Told the batch's id as soon as it is known, which is only after the upload where nothing breaks and no window is full. */
  onBatch?: (batchId: string) => void;
  /** Most bytes that are kept to be sent again, where the input can be read only once; 32 MiB, and never less than 1 MiB. */
  window?: number;
  signal?: AbortSignal;
}

const TYPES = { ndjson: 'application/x-ndjson', json: 'application/json', csv: 'text/csv' };
const BATCHES = '/api/v1/batches';
const WINDOW = 33_554_432;
/** Sluice stores what comes in segments of up to 256 KiB: of less than that it would never say that it has it. */
const LEAST_WINDOW = 1_048_576;
const FINAL = ['COMPLETED', 'FAILED', 'CANCELLED'];
/** Its edge may just not have noticed yet that the connection is gone. */
const LONGEST_WAIT_FOR_LEASE_MS = 3_000;

/**
 * Uploads all of an input, and goes on by itself where the connection breaks, from the offset that Sluice tells.
 * @param kind as REST names it, such as `executions`
 * @returns the batch, all of which was taken, or which has ended
 * @throws SluiceError, NoAnswer, what the input failed with, or the signal's reason; what was taken stands
 */
export async function upload(http: Http, kind: string, input: UploadInput, options: UploadOptions): Promise<Uploaded> {
  const { idempotencyKey: key = crypto.randomUUID(), format = 'ndjson', clientReference, onBatch, window = WINDOW, signal, tags, ...rest } = options;
  let batchId: string | undefined;
  const know = (found: string) => {
    if (batchId === undefined) onBatch?.(found);
    batchId = found;
  };
  const place = async () => {
    if (batchId === undefined) {
      const { body } = await http.ask<{ content: { batchId: string }[] }>({ path: BATCHES, query: { limit: 1, key }, signal });
      const [found] = body.content;
      if (found !== undefined) know(found.batchId);
    }
    return batchId === undefined ? undefined : placeOf(http, batchId, signal);
  };
  const source = uploadSource(input, Math.max(window, LEAST_WINDOW), async () => (await place())?.offset ?? 0);
  const query = { ...rest, tags: tags?.join(',') };
  let from = 0;
  for (let tries = 1; ; tries++) {
    const goesOn = batchId !== undefined;
    let why: string;
    let waitMs: number | undefined;
    try {
      const response = await http.once({
        method: goesOn ? 'PATCH' : 'POST', path: goesOn ? `${BATCHES}/${batchId ?? ''}` : `${BATCHES}/${kind}`, query: goesOn ? {} : query, signal,
        headers: { 'Content-Type': TYPES[format], 'Idempotency-Key': key, 'Client-Reference': clientReference, 'Upload-Offset': goesOn ? String(from) : undefined },
      }, source.from(from));
      const text = await response.text();
      const refused = refusal(response, text, tries);
      if (refused === undefined) return JSON.parse(text) as Uploaded;
      if (refused.code !== 'upload-over' && !isWorthAgain(refused)) throw refused;
      if (refused.code !== 'upload-over' && tries > http.retries) throw refused;
      why = refused.message;
      waitMs = retryAfterMs(response.headers.get('retry-after'), Date.now());
      if (refused.code === 'upload-in-progress') waitMs = Math.min(waitMs ?? LONGEST_WAIT_FOR_LEASE_MS, LONGEST_WAIT_FOR_LEASE_MS);
    } catch (error) {
      signal?.throwIfAborted();
      if (source.failure !== undefined) throw source.failure;
      if (error instanceof SluiceError) throw error;
      if (tries > http.retries) throw new NoAnswer(error, tries, key);
      why = error instanceof Error ? error.message : String(error);
    }
    await http.pause(why, tries, waitMs, signal);
    const now = await place();
    if (now === undefined) continue;
    // All of it was taken, only the answer was lost; or the batch has ended otherwise.
    if (now.complete || FINAL.includes(now.status.state)) return uploadedOf(now.status);
    if (now.offset > from) tries = 0;
    from = now.offset;
  }
}

/** What broke may go on; what was refused for what it is may not. */
function isWorthAgain({ status, code }: SluiceError): boolean {
  return status >= 500 || status === 429 || ['upload-in-progress', 'wrong-offset', 'body-incomplete', 'upload-idle', 'body-timeout'].includes(code);
}

async function placeOf(http: Http, batchId: string, signal: AbortSignal | undefined): Promise<{ status: BatchStatus; offset: number; complete: boolean }> {
  const { body, headers } = await http.ask<BatchStatus>({ path: `${BATCHES}/${batchId}`, signal });
  return { status: body, offset: Number(headers.get('upload-offset') ?? 0), complete: headers.get('upload-complete') === '?1' };
}

function uploadedOf({ batchId, state, accepted, rejected, predictedFinish }: BatchStatus): Uploaded {
  return { batchId, state: state as Uploaded['state'], accepted, rejected, predictedFinish: predictedFinish ?? null };
}
