import type { Item } from './item.ts';

/** Items that go into one request. */
export interface Batch {
  /** Number of the batch in this run, from 1: with the run's key prefix it makes the Idempotency-Key. */
  number: number;
  items: Item[];
}

/** A batch is cut here too, below the default of `maxBodyBytes`. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Groups items into batches of `size`, fewer where the items are large. The same input is always cut in the same way: a run
 * that is repeated with its key prefix must send the same items under the same keys.
 */
export async function* batchesOf(items: AsyncIterable<Item>, size: number): AsyncGenerator<Batch> {
  let number = 1;
  let batch: Item[] = [];
  let length = 0;
  for await (const item of items) {
    if (batch.length > 0 && length + item.text.length > MAX_BATCH_BYTES) {
      yield { number: number++, items: batch };
      [batch, length] = [[], 0];
    }
    batch.push(item);
    length += item.text.length;
    if (batch.length === size) {
      yield { number: number++, items: batch };
      [batch, length] = [[], 0];
    }
  }
  if (batch.length > 0) yield { number, items: batch };
}

/** The body of a request: the items' own texts in a frame. */
export function bodyOf(items: readonly Item[], collection: string): Buffer {
  return Buffer.from(`{${JSON.stringify(collection)}:[${items.map((i) => i.text).join(',')}]}`, 'utf8');
}
