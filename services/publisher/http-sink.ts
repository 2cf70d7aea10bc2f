import type { HttpCalls, HttpSink as HttpSinkOfKind, RecordRow } from '../../shared/records/record-kind.ts';
import type { LedgerRow } from './ledger-row.ts';
import type { Evidence, Outgoing, PartitionResult, PartitionSend, Sink, SinkCheck, SinkFailure } from './sink.ts';

const CALL_TIMEOUT_MS = 5_000;
/** One record takes a few calls; so many may be under way to the service at once, and so many go into one send. */
const CONCURRENCY = 8;
const MAX_MESSAGES = 64;
/** Bytes of an answer; one about a single record has some hundreds. */
const LONGEST_ANSWER = 1_048_576;

/** Answers that say that the service, not the record, has a problem. */
const SERVICE_AWAY = new Set([429, 502, 503, 504]);

/** The service answered with something else than 2xx. */
class HttpStatusError extends Error {
  readonly status: number;
  constructor(method: string, status: number) {
    super(`${method} was answered with ${status}`);
    this.name = 'HttpStatusError';
    this.status = status;
  }
}

/** The service's answer is longer than it may be. */
class AnswerTooLongError extends Error {}

/** Delivery of a kind's changes to an HTTP service, a few calls for each record. There is one partition, 0; records don't hold up each other. */
export class HttpSink implements Sink {
  readonly name: string;
  readonly cluster: string;
  readonly maxMessages = MAX_MESSAGES;
  readonly maxPartitionBytes = Number.MAX_SAFE_INTEGER;
  readonly settledAfterMs = CALL_TIMEOUT_MS + 2_000;
  readonly #url: string;
  readonly #tellers: ReadonlyMap<string, HttpSinkOfKind['tell']>;

  /** @param tellers by kind, the calls that tell of a record */
  constructor(name: string, url: string, tellers: ReadonlyMap<string, HttpSinkOfKind['tell']>) {
    this.name = name;
    this.cluster = name;
    this.#url = url.replace(/\/+$/, '');
    this.#tellers = tellers;
  }

  /** Any answer, whatever its status, says that the service is there. */
  async check(): Promise<SinkCheck> {
    try {
      const response = await fetch(this.#url, { method: 'HEAD', signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      await response.body?.cancel();
      return { ready: true };
    } catch (error) {
      return { ready: false, failure: classifyHttpError(error) };
    }
  }

  partitionOf(): number {
    return 0;
  }

  message(row: LedgerRow, id: number, record: RecordRow): Outgoing {
    return { id, bytes: 0, isEvent: false, payload: { kind: row.kind, record } };
  }

  /** The record as it was told; the calls follow from it. */
  evidence(message: Outgoing): Evidence {
    return { topic: null, partition: null, payload: JSON.stringify((message.payload as { record: RecordRow }).record), headers: null };
  }

  kept(row: LedgerRow, id: number, { payload }: Pick<Evidence, 'payload'>): Outgoing {
    return { id, bytes: 0, isEvent: false, payload: { kind: row.kind, record: JSON.parse(payload) as RecordRow } };
  }

  async send(groups: readonly PartitionSend[], mayGoOn: () => boolean): Promise<PartitionResult[]> {
    return Promise.all(groups.map((g) => this.#sendGroup(g, mayGoOn)));
  }

  async close(): Promise<void> {
    // fetch keeps no connection that would hold the process.
  }

  async #sendGroup(group: PartitionSend, mayGoOn: () => boolean): Promise<PartitionResult> {
    const result: PartitionResult = { partition: group.partition, acked: [], refused: [] };
    let next = 0;
    const worker = async () => {
      while (next < group.messages.length && result.failure === undefined && mayGoOn()) {
        const position = next++;
        const { kind, record } = group.messages[position]?.payload as { kind: string; record: RecordRow };
        try {
          await this.#tellers.get(kind)?.(record, this.#calls());
          result.acked.push({ from: position, to: position, base: 0 });
        } catch (error) {
          const failure = classifyHttpError(error);
          if (failure.class === 'message') result.refused.push({ position, failure });
          else result.failure = failure;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    result.acked.sort((a, b) => a.from - b.from);
    return result;
  }

  #calls(): HttpCalls {
    const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
      const response = await fetch(this.#url + path, {
        method,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new HttpStatusError(method, response.status);
      }
      const text = await readText(response);
      return text === '' ? null : (JSON.parse(text) as unknown);
    };
    return { get: (path) => call('GET', path), put: (path, body) => call('PUT', path, body) };
  }
}

/** An answer's text. @throws AnswerTooLongError, and hangs up, where it goes beyond LONGEST_ANSWER */
async function readText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > LONGEST_ANSWER) throw new AnswerTooLongError();
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

/** What a failed call concerns: no answer is the service's trouble, an answer is this record's (unless it says that it is away). */
function classifyHttpError(error: unknown): SinkFailure {
  if (error instanceof HttpStatusError) {
    const away = SERVICE_AWAY.has(error.status);
    return { class: away ? 'cluster' : 'message', code: `http-${error.status}`, message: error.message, unsettled: false };
  }
  if (error instanceof SyntaxError) return { class: 'message', code: 'http-not-json', message: 'The answer is not JSON.', unsettled: false };
  if (error instanceof AnswerTooLongError) return { class: 'message', code: 'http-too-long', message: `The answer has more than ${LONGEST_ANSWER} bytes.`, unsettled: false };
  const { name, cause } = error as Error & { cause?: { code?: unknown } };
  const code = typeof cause?.code === 'string' ? cause.code : name;
  return { class: 'cluster', code, message: `The service does not answer (${code}).`, unsettled: code !== 'ECONNREFUSED' };
}
