import { createHash } from 'node:crypto';
import type { UploadSegment } from '../../../../shared/contracts/large.ts';

/** A segment holds at most so many items, or so many bytes of raw text: the same cut for the same bytes, however they come. */
export const SEGMENT_ITEMS = 500;
export const SEGMENT_BYTES = 262_144;

/** Where an upload begins or goes on. */
export interface UploadPlace {
  items: number;
  bytes: number;
}

/** A segment of these raw bytes, which hold these items. */
export function segmentOf(from: UploadPlace, raw: Buffer, items: unknown[]): UploadSegment {
  return { firstIndex: from.items, items, endBytes: from.bytes + raw.length, digest: createHash('sha256').update(raw).digest('hex') };
}
