import type { Receipt } from './receipt.ts';

/** Receipts that leave together. */
const LINES_A_PIECE = 200;

/** Receipts as pieces of NDJSON. */
export async function* asLines(receipts: AsyncIterable<Receipt>): AsyncGenerator<string> {
  let piece = '';
  let count = 0;
  for await (const receipt of receipts) {
    piece += `${JSON.stringify(receipt)}\n`;
    if (++count % LINES_A_PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
