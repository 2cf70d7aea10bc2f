import type { RequestBody } from './http.ts';

/** What can be uploaded: a file or blob; or bytes, text or items as they come. */
export type UploadInput = Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string | object> | Iterable<Uint8Array | string | object>;

/** An upload that can be read on from where Sluice has it. */
export interface UploadSource {
  /** From an offset in bytes on, which is never below the last one. */
  from(offset: number): RequestBody;
  /** What the input itself failed with. */
  readonly failure: Error | undefined;
}

/** Asked while the window is full: how many bytes Sluice has by now. */
type Taken = () => Promise<number>;

/** A source of what is uploaded. @param window most bytes that are kept to be sent again, of an input that can be read only once */
export function uploadSource(input: UploadInput, window: number, taken: Taken): UploadSource {
  if (input instanceof Blob) return { failure: undefined, from: (offset) => (offset === 0 ? input : input.slice(offset)) };
  return new Replayed(input, window, taken);
}

const LOOK_MS = 200;

/** An input that can be read once: what Sluice does not have yet is kept, and nothing more is read while that is a whole window. */
class Replayed implements UploadSource {
  failure: Error | undefined;
  readonly #input: AsyncIterator<Uint8Array, undefined>;
  readonly #window: number;
  readonly #taken: Taken;
  /** Pieces from `#base` to `#end`. */
  readonly #kept: Uint8Array[] = [];
  #base = 0;
  #end = 0;
  #over = false;
  /** One reader of the input at a time, also while a broken request still waits for a piece. */
  #reading: Promise<void> | undefined;

  constructor(input: Exclude<UploadInput, Blob>, window: number, taken: Taken) {
    this.#input = bytesOf(input)[Symbol.asyncIterator]();
    this.#window = window;
    this.#taken = taken;
  }

  from(offset: number): ReadableStream<Uint8Array> {
    this.#release(offset);
    let at = this.#base;
    let skip = offset - this.#base;
    let cancelled = false;
    return new ReadableStream<Uint8Array>({
      pull: async (out) => {
        while (!cancelled) {
          const piece = this.#pieceAt(at);
          if (piece !== undefined) {
            at += piece.length;
            out.enqueue(skip === 0 ? piece : piece.subarray(skip));
            skip = 0;
            return;
          }
          if (this.#over) {
            if (this.failure === undefined) out.close();
            else out.error(this.failure);
            return;
          }
          if (this.#end - this.#base >= this.#window) this.#release(await this.#taken().catch(() => this.#base)); // asked again; the upload itself tells what is wrong
          if (this.#end - this.#base >= this.#window) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
          else await (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
        }
      },
      cancel: () => {
        cancelled = true;
      },
    }, { highWaterMark: 0 });
  }

  async #read(): Promise<void> {
    try {
      const { value, done } = await this.#input.next();
      if (done === true) this.#over = true;
      else if (value.length > 0) {
        this.#kept.push(value);
        this.#end += value.length;
      }
    } catch (error) {
      this.#over = true;
      this.failure = error instanceof Error ? error : new Error('The input failed.', { cause: error });
    }
  }

  #pieceAt(at: number): Uint8Array | undefined {
    let start = this.#base;
    for (const piece of this.#kept) {
      if (start === at) return piece;
      start += piece.length;
    }
    return undefined;
  }

  /** Forgets whole pieces that Sluice has. */
  #release(taken: number): void {
    for (let [first] = this.#kept; first !== undefined && this.#base + first.length <= taken; [first] = this.#kept) {
      this.#kept.shift();
      this.#base += first.length;
    }
  }
}

const PIECE_BYTES = 65_536;

/** Bytes of an input in pieces of some size: objects as a line of JSON each, text as UTF-8, bytes as they are. */
async function* bytesOf(input: Exclude<UploadInput, Blob>): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder();
  let lines = '';
  for await (const part of iterable(input)) {
    if (part instanceof Uint8Array) {
      if (lines !== '') yield encoder.encode(lines);
      lines = '';
      yield part;
      continue;
    }
    lines += typeof part === 'string' ? part : `${JSON.stringify(part)}\n`;
    if (lines.length < PIECE_BYTES) continue;
    yield encoder.encode(lines);
    lines = '';
  }
  if (lines !== '') yield encoder.encode(lines);
  return undefined;
}

/** Not every browser lets a stream be iterated. */
async function* iterable(input: Exclude<UploadInput, Blob>): AsyncGenerator<Uint8Array | string | object> {
  if (!(input instanceof ReadableStream)) {
    yield* input;
    return;
  }
  const reader = input.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}
