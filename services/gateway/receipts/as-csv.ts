import type { ItemReceipt } from './line-of.ts';

const COLUMNS = ['index', 'line', 'status', 'id', 'code', 'pointer', 'message', 'withdrawn', 'kind', 'acceptedAt', 'writtenAt'] as const;
/** Rows that leave together. */
const ROWS_A_PIECE = 200;
const TO_BE_QUOTED = /[",\r\n]/;

/** Receipts as pieces of CSV (RFC 4180) with a header row: a row for each error of an item, or one where it has none. */
export async function* asCsv(receipts: AsyncIterable<ItemReceipt>): AsyncGenerator<string> {
  let piece = `${COLUMNS.join(',')}\r\n`;
  let count = 0;
  for await (const receipt of receipts) {
    for (const error of receipt.errors ?? [{ code: '', pointer: '', message: '' }]) {
      const cells: Record<(typeof COLUMNS)[number], unknown> = {
        index: receipt.index, line: receipt.line, status: receipt.status, id: receipt.id, ...error, withdrawn: receipt.withdrawn, kind: receipt.kind, acceptedAt: receipt.acceptedAt, writtenAt: receipt.written?.at,
      };
      piece += `${COLUMNS.map((name) => cell(cells[name])).join(',')}\r\n`;
    }
    if (++count % ROWS_A_PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : String(value as number | boolean);
  return TO_BE_QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
