import { ProblemError } from '../../../../shared/errors/problem.ts';
import { withoutByteOrderMark } from '../../body/decode-utf8.ts';
import { parseLines } from '../../body/parse-ndjson.ts';
import type { ItemReader } from './cut-segments.ts';
import type { UploadPlace } from './segment.ts';

const LINE_FEED = 0x0a;
/** So much of the first line tells what it is. */
const LOOK_BYTES = 1_000;
/** A first line that opens what only later lines close, or an object that holds items: a document, not a value a line. */
const OPENS_DOCUMENT = /^(?:\[|\{\s*(?:$|"[^"\\]{0,200}"\s*:\s*\[\s*(?:$|\{)))/;

/**
 * Reads one JSON value a line; blank lines are skipped, the last line may end in nothing. A first line that cannot be an
 * item's is refused at once: the whole file is of another form.
 */
export function ndjsonReader(from: UploadPlace): ItemReader {
  // Where the upload goes on in the middle, the number of its lines so far is not known.
  let line = from.bytes === 0 ? 0 : undefined;
  let first = from.bytes === 0;
  let scanned = 0;
  let looked = !first;
  return {
    next(bytes) {
      looked ||= look(bytes, false);
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
    ends(bytes) {
      if (!looked) look(bytes, true);
      return bytes.length;
    },
  };
}

/** Looks at the first line of an upload; false while too little of it is there. @throws ProblemError 400 wrong-format */
function look(bytes: Buffer, ended: boolean): boolean {
  const head = withoutByteOrderMark(bytes).subarray(0, LOOK_BYTES);
  const end = head.indexOf(LINE_FEED);
  if (end === -1 && head.length < LOOK_BYTES && !ended) return false;
  const text = head.toString('latin1', 0, end === -1 ? head.length : end).trim();
  if (OPENS_DOCUMENT.test(text)) throw wrongFormat('The upload begins as one JSON document, not with an item on a line of its own; send it as application/json.');
  if (text !== '' && !text.startsWith('{')) throw wrongFormat('The first line of the upload is no JSON object, as every item is; CSV is sent as text/csv.');
  return true;
}

function wrongFormat(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: 'wrong-format', title: 'The upload is no JSON value a line', detail });
}
