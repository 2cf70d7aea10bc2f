import { NoAnswer, SluiceError, type Problem } from './errors.ts';
import { pauseBefore, retryAfterMs, sleep } from './pauses.ts';

/** How to reach Sluice. */
export interface SluiceOptions {
  url: string | URL;
  /** Key of a client; none is needed where Sluice has none. */
  key?: string;
  /** Tries after the first, of a request that was not carried out or whose outcome is not known; 8. */
  retries?: number;
  /** Told of each try that failed, before the pause. */
  onRetry?: (told: { why: string; afterMs: number; tries: number }) => void;
  /** Another `fetch`, such as one with a proxy or a certificate. */
  fetch?: typeof fetch;
}

/** What a request may carry. */
export type RequestBody = string | Blob | ReadableStream<Uint8Array>;

export interface Request {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Under which it may be sent again, whatever became of it. */
  idempotencyKey?: string;
  signal?: AbortSignal | undefined;
  /** Statuses whose JSON is an answer, beside 2xx. */
  answers?: readonly number[];
  /** Changes something, but twice is as good as once. */
  harmless?: true;
}

const RETRIES = 8;
/** Not carried out: anyone may send again. */
const NOT_DONE = new Set([429, 503]);
/** The outcome is not known: only under a key, or where nothing is changed. */
const UNKNOWN = new Set([408, 500, 502, 504]);

/** Asks Sluice, with patience: the one place that knows when to try again. */
export class Http {
  readonly retries: number;
  readonly #base: URL;
  readonly #key: string | undefined;
  readonly #fetch: typeof fetch;
  readonly #onRetry: NonNullable<SluiceOptions['onRetry']>;

  constructor({ url, key, retries = RETRIES, onRetry, fetch: other }: SluiceOptions) {
    this.retries = retries;
    this.#base = new URL(url);
    this.#key = key;
    this.#fetch = other ?? ((...args) => fetch(...args));
    this.#onRetry = onRetry ?? (() => undefined);
  }

  /** One request, one answer, nothing tried again. @throws what fetch throws */
  once({ method = 'GET', path, query = {}, headers = {}, signal }: Request, body?: RequestBody): Promise<Response> {
    const at = new URL(path.replace(/^\//, ''), this.#base.href.endsWith('/') ? this.#base : `${this.#base.href}/`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) at.searchParams.set(name, String(value));
    const all = Object.fromEntries(Object.entries({ ...(this.#key === undefined ? {} : { Authorization: `Bearer ${this.#key}` }), ...headers }).filter((entry): entry is [string, string] => entry[1] !== undefined));
    // Node sends a stream only where it is said that the answer comes after it; the types of the DOM don't know that yet.
    const streamed = body instanceof ReadableStream ? { duplex: 'half' as const } : {};
    return this.#fetch(at, { method, headers: all, ...(body === undefined ? {} : { body }), ...(signal === undefined ? {} : { signal }), ...streamed });
  }

  /**
   * The answer, after as many tries as it takes: 503 and 429 as Retry-After says, and what may or may not have been done where that does no harm.
   * @throws SluiceError for what Sluice refuses; NoAnswer when it stays away; the signal's reason
   */
  async ask<T>(request: Request): Promise<{ status: number; body: T; headers: Headers }> {
    const { idempotencyKey, json, answers = [], signal, harmless } = request;
    const repeatable = idempotencyKey !== undefined || harmless === true || (request.method ?? 'GET') === 'GET';
    const sent: Request = {
      ...request,
      headers: { Accept: 'application/json', ...(json === undefined ? {} : { 'Content-Type': 'application/json' }), 'Idempotency-Key': idempotencyKey, ...request.headers },
    };
    for (let tries = 1; ; tries++) {
      let why: string;
      let waitMs: number | undefined;
      try {
        const response = await this.once(sent, json === undefined ? undefined : JSON.stringify(json));
        const text = await response.text();
        const { status, headers } = response;
        const refused = refusal(response, text, tries);
        if (refused === undefined) return { status, body: (text === '' ? undefined : JSON.parse(text)) as T, headers };
        const again = NOT_DONE.has(status) || refused.code === 'request-in-progress' || (UNKNOWN.has(status) && repeatable);
        if (!again || tries > this.retries) {
          if (refused.problem === undefined && answers.includes(status)) return { status, body: JSON.parse(text) as T, headers };
          throw refused;
        }
        why = refused.message;
        waitMs = retryAfterMs(headers.get('retry-after'), Date.now());
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SluiceError) throw error;
        if (!repeatable || tries > this.retries) throw new NoAnswer(error, tries, idempotencyKey);
        why = error instanceof Error ? error.message : String(error);
      }
      await this.pause(why, tries, waitMs, signal);
    }
  }

  /** Waits before another try, and tells of it. */
  async pause(why: string, tries: number, waitMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const afterMs = pauseBefore(tries, waitMs, Math.random());
    this.#onRetry({ why, afterMs, tries });
    await sleep(afterMs, signal);
  }
}

/** The error that an answer means; undefined for 2xx. */
export function refusal({ ok, status }: Response, text: string, tries: number): SluiceError | undefined {
  return ok ? undefined : new SluiceError(status, problemIn(text), tries);
}

function problemIn(text: string): Problem | undefined {
  try {
    const read = JSON.parse(text) as Problem | null;
    return typeof read?.code === 'string' && typeof read.detail === 'string' ? read : undefined;
  } catch {
    return undefined; // a proxy's page, or an answer that broke off
  }
}
