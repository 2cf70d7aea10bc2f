import { withoutByteOrderMark } from '../../body/decode-utf8.ts';
import { parseLines } from '../../body/parse-ndjson.ts';
import type { ItemReader } from './cut-segments.ts';
import type { UploadPlace } from './segment.ts';

const LINE_FEED = 0x0a;

/** Reads one JSON value a line; blank lines are skipped, the last line may end in nothing. */
export function ndjsonReader(from: UploadPlace): ItemReader {
  // Where the upload goes on in the middle, the number of its lines so far is not known.
  let line = from.bytes === 0 ? 0 : undefined;
  let first = from.bytes === 0;
  let scanned = 0;
  return {
    next(bytes) {
      const found = bytes.indexOf(LINE_FEED, scanned);
      scanned = found === -1 ? bytes.length : found + 1;
      return found === -1 ? -1 : scanned;
    },
    take(bytes, end) {
      const raw = bytes.subarray(0, end);
      const { items, lines } = parseLines(first ? withoutByteOrderMark(raw) : raw, line);
      if (line !== undefined) line += lines;
      first = false;
      scanned -= end;
      return { items };
    },
    ends: (bytes) => bytes.length,
  };
}
