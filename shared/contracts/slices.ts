/** One rejected item: index in the request, code, pointer, message. A tuple, because a batch can hold thousands. */
export type Reject = [index: number, code: string, pointer: string, message: string];

/**
 * The part of a chunk that belongs to one batch: a contiguous range of indexes with the ids that go with it.
 * The record of index i has the id `firstId + (i - firstIndex)`; rejected indexes leave gaps.
 */
export interface Slice {
  batchId: string;
  epoch: number;
  /** The flush makes the batch's row itself, closed: the request is this chunk and nothing else. */
  sole: boolean;
  client: string;
  /** The caller's own; only a sole slice carries it, the others' batch has it already. */
  clientReference?: string;
  /** Items in the whole request. */
  requested: number;
  firstIndex: number;
  span: number;
  firstId: number;
  shard: number;
  rejects: Reject[];
  /** The batch's instant of intake, ISO 8601. */
  receivedAt: string;
  /** W3C traceparent of the request, carried to Kafka's header. */
  trace: string;
}

/** What one flush writes: slices, and the good rows of all of them as columns. */
export interface Chunk {
  kind: string;
  slices: Slice[];
  /** For each row, which slice it belongs to (position in `slices`). Sorted. */
  sliceOf: number[];
  /** For each row, its index less the first index of its slice. */
  offsetOf: number[];
  /** For each property that items carry, one value a row: PostgreSQL's text, or null. */
  columns: Record<string, (string | null)[]>;
}

/**
 * What became of a slice: `written` now, or `repeat` (already in the ledger from an earlier try of the same slice),
 * or `fenced`: its batch was settled or taken over, nothing of it was or will be written by this attempt,
 * or `conflict`: its ids are in use already, nothing of it was written; it needs other ids.
 */
export interface SliceOutcome {
  outcome: 'written' | 'repeat' | 'fenced' | 'conflict';
  /** All rejects of the slice that stand in the ledger: those it came with, and those the database refused. */
  rejects: Reject[];
}
