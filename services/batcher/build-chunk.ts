import type { Chunk } from '../../shared/contracts/slices.ts';
import type { Entry } from './queue.ts';

/** Joins the slices of several requests into one chunk, sorted by batch, so that two flushes lock batches in one order. */
export function buildChunk(taken: readonly Entry[]): { chunk: Chunk; entries: Entry[] } {
  const first = taken[0];
  if (first === undefined) throw new Error('a chunk needs a slice');
  if (taken.length === 1) {
    return { chunk: { kind: first.kind, slices: first.slices, sliceOf: first.sliceOf, offsetOf: first.offsetOf, columns: first.columns }, entries: [first] };
  }
  const entries = [...taken].sort((a, b) => (a.batchId < b.batchId ? -1 : a.batchId > b.batchId ? 1 : 0));
  const chunk: Chunk = { kind: first.kind, slices: [], sliceOf: [], offsetOf: [], columns: {} };
  for (const entry of entries) {
    const base = chunk.slices.length;
    for (const slice of entry.slices) chunk.slices.push(slice);
    for (const no of entry.sliceOf) chunk.sliceOf.push(base + no);
    for (const offset of entry.offsetOf) chunk.offsetOf.push(offset);
    for (const [name, values] of Object.entries(entry.columns)) {
      // One that has refused items alone may come without columns.
      const column = (chunk.columns[name] ??= []);
      for (const value of values) column.push(value);
    }
  }
  return { chunk, entries };
}
