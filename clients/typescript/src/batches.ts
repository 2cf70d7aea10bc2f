import type { components } from './api.ts';
import { NoAnswer, SluiceError } from './errors.ts';
import { eventsIn, linesOf } from './events.ts';
import { refusal, type Http } from './http.ts';
import { upload, type BatchStatus, type Uploaded, type UploadOptions } from './upload.ts';
import type { UploadInput } from './upload-source.ts';

type Schemas = components['schemas'];
export type LargeBatch = Schemas['LargeBatch'];
export type BatchMoved = Schemas['BatchMoved'];
export type Receipt = Schemas['Receipt'];
/** What becomes of a large batch. */
export type BatchNews = { type: 'state'; data: Schemas['BatchStateEvent'] } | { type: 'checkpoint'; data: Schemas['BatchCheckpointEvent'] } | { type: 'progress'; data: Schemas['BatchProgressEvent'] };

const FINAL = ['COMPLETED', 'FAILED', 'CANCELLED'];
/** Three times the silence after which Sluice says that it is still there. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 2_000;

interface Signalled {
  signal?: AbortSignal;
}

/** Large batches. */
export class Batches {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Streams a large batch of a kind, such as `executions`, and goes on where the connection broke. Resolves when all of it was taken. */
  upload(kind: string, input: UploadInput, options: UploadOptions = {}): Promise<Uploaded> {
    return upload(this.#http, kind, input, options);
  }

  /** State and counts. */
  async get(batchId: string, { signal }: Signalled = {}): Promise<BatchStatus> {
    return (await this.#http.ask<BatchStatus>({ path: pathOf(batchId), signal })).body;
  }

  /** One page of large batches, newest first. */
  async list(query: { state?: string; kind?: string; tag?: string; since?: string; key?: string; cursor?: string; limit?: number } = {}, { signal }: Signalled = {}): Promise<{ content: LargeBatch[]; next: string | null }> {
    return (await this.#http.ask<{ content: LargeBatch[]; next: string | null }>({ path: '/api/v1/batches', query, signal })).body;
  }

  /** A receipt for each item, as they come. A stream that breaks off is an error: ask again from its start. */
  async *items(batchId: string, { status, signal }: Signalled & { status?: 'SUCCESS' | 'FAILED' | 'PENDING' } = {}): AsyncGenerator<Receipt> {
    const response = await this.#http.once({ path: `${pathOf(batchId)}/items`, query: { status, format: 'ndjson' }, signal });
    if (!response.ok || response.body === null) throw refusal(response, await response.text(), 1) ?? new NoAnswer('an answer without a body', 1);
    for await (const line of linesOf(response.body, true)) if (line !== '') yield JSON.parse(line) as Receipt;
  }

  /**
   * All that becomes of a large batch until it has ended. A stream that breaks is taken up again where it was, on whatever edge answers.
   * @throws SluiceError where there is no such batch; NoAnswer when Sluice stays away
   */
  async *watch(batchId: string, { signal }: Signalled = {}): AsyncGenerator<BatchNews> {
    let heard: string | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 1; ; tries++) {
      let why: unknown;
      const silence = new AbortController();
      const awake = () => setTimeout(() => silence.abort(new Error(`nothing was heard for ${SILENCE_MS / 1_000} s`)), SILENCE_MS);
      let timer = awake();
      try {
        const response = await this.#http.once({ path: `${pathOf(batchId)}/events`, headers: { Accept: 'text/event-stream', 'Last-Event-ID': heard }, signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]) });
        if (response.status === 204) return;
        if (!response.ok) {
          const refused = refusal(response, await response.text(), tries) as SluiceError;
          if (refused.status < 500 && refused.status !== 429) throw refused;
          why = refused;
        } else if (response.body !== null) {
          const lines = linesOf(response.body, false);
          for await (const event of eventsIn(told(lines, () => {
            clearTimeout(timer);
            timer = awake();
          }))) {
            if ('retryMs' in event) {
              pauseMs = event.retryMs;
              continue;
            }
            tries = 0;
            heard = event.id ?? heard;
            const news = { type: event.type, data: JSON.parse(event.data) as unknown } as BatchNews;
            yield news;
            if (news.type === 'state' && FINAL.includes(news.data.state)) return;
          }
          why = 'the stream of events ended';
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SluiceError) throw error;
        why = error;
      } finally {
        clearTimeout(timer);
      }
      if (tries > this.#http.retries) throw why instanceof SluiceError ? why : new NoAnswer(why, tries);
      await this.#http.pause(why instanceof Error ? why.message : String(why), Math.max(1, tries), pauseMs, signal);
    }
  }

  start(batchId: string): Promise<BatchMoved> {
    return this.#move(batchId, 'start');
  }

  pause(batchId: string): Promise<BatchMoved> {
    return this.#move(batchId, 'pause');
  }

  resume(batchId: string): Promise<BatchMoved> {
    return this.#move(batchId, 'resume');
  }

  cancel(batchId: string): Promise<BatchMoved> {
    return this.#move(batchId, 'cancel');
  }

  /** Carries the failed items out again, as a new batch: the same one, however often this is asked for under one key. */
  async retry(batchId: string, { idempotencyKey = crypto.randomUUID(), signal }: Signalled & { idempotencyKey?: string } = {}): Promise<{ batchId: string; parent: string; items: number }> {
    return (await this.#http.ask<{ batchId: string; parent: string; items: number }>({ method: 'POST', path: `${pathOf(batchId)}/retry`, idempotencyKey, signal })).body;
  }

  async #move(batchId: string, command: string): Promise<BatchMoved> {
    try {
      return (await this.#http.ask<BatchMoved>({ method: 'POST', path: `${pathOf(batchId)}/${command}`, harmless: true })).body;
    } catch (error) {
      // A try whose answer was lost has moved it already.
      if (!(error instanceof SluiceError) || error.code !== 'not-now' || error.tries === 1) throw error;
      const { state } = await this.get(batchId);
      return { batchId, state: state as BatchMoved['state'] };
    }
  }
}

function pathOf(batchId: string): string {
  return `/api/v1/batches/${encodeURIComponent(batchId)}`;
}

async function* told(lines: AsyncIterable<string>, onLine: () => void): AsyncGenerator<string> {
  for await (const line of lines) {
    onLine();
    yield line;
  }
}
