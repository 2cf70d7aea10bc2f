import type { UploadSegment } from '../../../../shared/contracts/large.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { withoutByteOrderMark } from '../../body/decode-utf8.ts';
import { parseLines } from '../../body/parse-ndjson.ts';
import { SEGMENT_BYTES, SEGMENT_ITEMS, segmentOf, type UploadPlace } from './segment.ts';

const LINE_FEED = 0x0a;
/** A line beyond this is no item; it is not kept in memory to its end. */
const MOST_LINE_BYTES = 1_048_576;

/**
 * Reads an upload of one JSON value a line as segments, in order, with constant memory.
 * @returns the totals, from the very start of the upload
 */
export async function* readNdjson(body: AsyncIterable<Buffer>, from: UploadPlace): AsyncGenerator<UploadSegment, UploadPlace> {
  let place = from;
  // Where the upload goes on in the middle, the number of its lines so far is not known.
  let line = from.bytes === 0 ? 0 : undefined;
  let rest: Buffer = Buffer.alloc(0);
  let scanned = 0;
  let lines = 0;
  const segment = (end: number): UploadSegment => {
    const raw = rest.subarray(0, end);
    const parsed = parseLines(place.bytes === 0 ? withoutByteOrderMark(raw) : raw, line);
    const made = segmentOf(place, raw, parsed.items);
    place = { items: place.items + parsed.items.length, bytes: made.endBytes };
    if (line !== undefined) line += parsed.lines;
    rest = rest.subarray(end);
    scanned -= end;
    lines = 0;
    return made;
  };
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let found = rest.indexOf(LINE_FEED, scanned); found !== -1; found = rest.indexOf(LINE_FEED, scanned)) {
      scanned = found + 1;
      if (++lines >= SEGMENT_ITEMS || scanned >= SEGMENT_BYTES) yield segment(scanned);
    }
    scanned = rest.length;
    if (rest.length > SEGMENT_BYTES + MOST_LINE_BYTES) throw lineTooLong(place);
  }
  if (rest.length > 0) yield segment(rest.length);
  return place;
}

function lineTooLong(place: UploadPlace): ProblemError {
  return new ProblemError({ status: 400, code: 'line-too-long', title: 'A line is too long', detail: `A line behind item ${place.items} (byte ${place.bytes}) has more than ${MOST_LINE_BYTES} bytes. What came before stands.` });
}
