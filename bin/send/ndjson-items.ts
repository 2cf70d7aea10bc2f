import { CliError, EXIT } from '../cli-error.ts';
import { itemOf, MAX_ITEM_BYTES, type Item } from './item.ts';

const NEWLINE = 0x0a;

/**
 * Reads NDJSON: one item a line, blank lines left out, any line ending. Holds one line at a time.
 * @throws CliError when a line is longer than an item may be
 */
export async function* ndjsonItems(chunks: AsyncIterable<Buffer>): AsyncGenerator<Item> {
  let index = 0;
  let line = 1;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const end = chunk.subarray(from, at);
      const bytes = begun.length === 0 ? end : Buffer.concat([...begun, end]);
      [begun, begunBytes, from] = [[], 0, at + 1];
      if (!isBlank(bytes)) yield itemOf(bytes, index++, line);
      line++;
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from));
      begunBytes += chunk.length - from;
      if (begunBytes > MAX_ITEM_BYTES) throw new CliError(`Line ${line} is longer than ${MAX_ITEM_BYTES / 1024 / 1024} MB. Is this NDJSON? (--format says otherwise)`, EXIT.usage);
    }
  }
  const rest = Buffer.concat(begun);
  if (!isBlank(rest)) yield itemOf(rest, index, line);
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((b) => b === 0x20 || b === 0x09 || b === 0x0d);
}
