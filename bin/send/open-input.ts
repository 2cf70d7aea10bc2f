import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CliError, EXIT } from '../cli-error.ts';

/** The bytes of an input, decompressed, with the first of them looked at. */
export interface Input {
  /** Name to show. */
  name: string;
  /** At least the first 64 KB, or all if it is less; also part of `chunks`. */
  head: Buffer;
  chunks: AsyncIterable<Buffer>;
  /** Bytes of the file, if it is one: what `bytesRead` runs up to. */
  totalBytes: number | undefined;
  /** Bytes taken from the file or from standard input so far, before decompression. */
  bytesRead(): number;
}

const HEAD_BYTES = 65_536;

/**
 * Opens a file, or standard input for `-`; gzip is recognised by its first bytes, whatever the name.
 * @throws CliError when the file can't be read
 */
export async function openInput(path: string, stdin: Readable): Promise<Input> {
  let bytes = 0;
  const { raw, totalBytes } = await openRaw(path, stdin);
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  const source = await peek(readable(counted(), path), 2);
  const plain = source.head[0] === 0x1f && source.head[1] === 0x8b ? readable(gunzip(source.chunks), path) : source.chunks;
  const { head, chunks } = await peek(plain, HEAD_BYTES);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) throw new CliError(`${path} is UTF-16; save it as UTF-8.`, EXIT.usage);
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  return { name: path === '-' ? 'standard input' : path, head: head.subarray(mark), chunks: skip(chunks, mark), totalBytes, bytesRead: () => bytes };
}

async function openRaw(path: string, stdin: Readable): Promise<{ raw: Readable; totalBytes: number | undefined }> {
  if (path === '-') return { raw: stdin, totalBytes: undefined };
  const info = await stat(path).catch((error: unknown) => { throw unreadable(path, error); });
  if (info.isDirectory()) throw new CliError(`${path} is a folder; give a file.`, EXIT.usage);
  return { raw: createReadStream(path, { highWaterMark: 262_144 }), totalBytes: info.isFile() ? info.size : undefined };
}

function unreadable(path: string, error: unknown): CliError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : (error as Error).message;
  return new CliError(`${path} can't be read: ${why}.`, EXIT.usage, error);
}

/** Names the input in the errors of reading and decompressing it. */
async function* readable(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof CliError ? error : unreadable(path, error);
  }
}

function gunzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const stream = createGunzip();
  pipeline(chunks, stream, () => undefined); // its error comes out of the iteration over the stream
  return stream as AsyncIterable<Buffer>;
}

/** Reads at least `bytes` ahead, if there are so many, and gives them back in front of the rest. */
async function peek(chunks: AsyncIterable<Buffer>, bytes: number): Promise<{ head: Buffer; chunks: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head, chunks: all() };
}

async function* skip(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    yield left === 0 ? chunk : chunk.subarray(left);
    left = 0;
  }
}
