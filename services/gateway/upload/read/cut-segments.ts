import type { UploadSegment } from '../../../../shared/contracts/large.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { ByteWindow } from './byte-window.ts';
import { SEGMENT_BYTES, SEGMENT_ITEMS, segmentOf, type UploadPlace } from './segment.ts';

/** An item beyond this is none; it is not kept in memory to its end. */
const MOST_ITEM_BYTES = 1_048_576;

/** Knows a format: where its items end, and what they are. It is given the bytes behind the last segment, which only grow. */
export interface ItemReader {
  /**
   * Where the next item ends, behind the one told before, or -1 where more bytes are needed.
   * @throws ProblemError where no item can come any more
   */
  next(bytes: Buffer): number;
  /** The items in bytes [0, end) that were told since the last call; the bytes are gone after it. */
  take(bytes: Buffer, end: number): { items: unknown[]; csvHeader?: string[] };
  /** The stream has ended: where its last item ends, also one that was not told. @throws ProblemError where it ended too early */
  ends(bytes: Buffer): number;
}

/**
 * Cuts an upload into segments, in order, with constant memory: the same cut for the same bytes, however they come. So what
 * breaks off within a segment, or is at fault there, makes no shorter one.
 * @returns the totals, from the very start of the upload
 */
export async function* cutSegments(body: AsyncIterable<Buffer>, from: UploadPlace, reader: ItemReader): AsyncGenerator<UploadSegment, UploadPlace> {
  let place = from;
  const rest = new ByteWindow();
  let count = 0;
  let lastEnd = 0;
  /** Bytes without an item make no segment: they count with the next one. */
  const cut = (end: number): UploadSegment[] => {
    const { bytes } = rest;
    const { items, csvHeader } = reader.take(bytes, end);
    const segment = segmentOf(place, bytes.subarray(0, end), items);
    place = { items: place.items + items.length, bytes: segment.endBytes };
    rest.drop(end);
    count = 0;
    lastEnd = 0;
    return items.length === 0 ? [] : [{ ...segment, ...(csvHeader === undefined ? {} : { csvHeader }) }];
  };
  const step = (bytes: Buffer): number => {
    // The reader sees no more than an item may have: so where there is none does not depend on how much came at once.
    const bound = lastEnd + MOST_ITEM_BYTES + 1;
    const end = reader.next(bytes.length > bound ? bytes.subarray(0, bound) : bytes);
    if (end === -1 && bytes.length >= bound) throw itemTooLong({ items: place.items + count, bytes: place.bytes + lastEnd });
    return end;
  };
  for await (const chunk of body) {
    rest.push(chunk);
    let { bytes } = rest;
    for (let end = step(bytes); end !== -1; end = step(bytes)) {
      lastEnd = end;
      if (++count < SEGMENT_ITEMS && end < SEGMENT_BYTES) continue;
      yield* cut(end);
      ({ bytes } = rest);
    }
  }
  yield* cut(reader.ends(rest.bytes));
  return { ...place, bytes: place.bytes + rest.length };
}

function itemTooLong(place: UploadPlace): ProblemError {
  return new ProblemError({ status: 400, code: 'item-too-long', title: 'An item is too long', detail: `Item ${place.items}, at byte ${place.bytes}, has more than ${MOST_ITEM_BYTES} bytes. What came before stands.` });
}
