import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CliError, EXIT } from '../cli-error.ts';

export const FORMATS = ['ndjson', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];
export const ENCODINGS = ['gzip', 'zstd'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** What is uploaded, as often as it can be read. */
export interface UploadSource {
  /** Name to show. */
  name: string;
  contentType: string;
  encoding: Encoding | undefined;
  /** Bytes of the file; undefined for what is no file. */
  size: number | undefined;
  /** Whether it can be read again at all, and from an offset that Sluice tells (a compressed one can't: offsets are of what is unpacked). */
  again: 'from-offset' | 'whole' | 'never';
  /** @param offset bytes to leave out; 0 unless `again` is `from-offset` */
  open(offset: number): Readable;
}

const CONTENT_TYPES: Record<Format, string> = { ndjson: 'application/x-ndjson', json: 'application/json', csv: 'text/csv' };
const FORMAT_OF: Record<string, Format> = { ndjson: 'ndjson', jsonl: 'ndjson', json: 'json', csv: 'csv' };
const ENCODING_OF: Record<string, Encoding> = { gz: 'gzip', zst: 'zstd' };
const READ_BYTES = 262_144;

/** Format and compression by a file's name; what has no name that says it is NDJSON, as it is. */
export function formOf(name: string): { format: Format; encoding: Encoding | undefined } {
  const parts = name.toLowerCase().split('.').slice(1);
  const encoding = ENCODING_OF[parts.at(-1) ?? ''];
  return { format: FORMAT_OF[parts.at(encoding === undefined ? -1 : -2) ?? ''] ?? 'ndjson', encoding };
}

/**
 * A file, or standard input for `-`, as it is uploaded. A file keeps the size it has now, also if more is written to it.
 * @throws CliError when it can't be read, or has nothing
 */
export async function uploadSource(path: string, stdin: Readable, given: { format?: Format | undefined; encoding?: Encoding | undefined }): Promise<UploadSource> {
  const form = formOf(path === '-' ? '' : path);
  const encoding = given.encoding ?? form.encoding;
  const head = { contentType: CONTENT_TYPES[given.format ?? form.format], encoding };
  if (path === '-') return { ...head, name: 'standard input', size: undefined, again: 'never', open: () => stdin };
  const info = await stat(path).catch((error: unknown) => {
    throw new CliError(`${path} can't be read: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message}.`, EXIT.usage, error);
  });
  if (info.isDirectory()) throw new CliError(`${path} is a folder; give a file.`, EXIT.usage);
  if (!info.isFile()) return { ...head, name: path, size: undefined, again: 'never', open: () => createReadStream(path, { highWaterMark: READ_BYTES }) };
  const { size } = info;
  if (size === 0) throw new CliError(`${path} is empty.`, EXIT.usage);
  return {
    ...head, name: path, size, again: encoding === undefined ? 'from-offset' : 'whole',
    open: (offset) => createReadStream(path, { start: offset, end: size - 1, highWaterMark: READ_BYTES }),
  };
}
