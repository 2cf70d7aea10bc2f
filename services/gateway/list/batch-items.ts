import type { Reject } from '../../../shared/contracts/slices.ts';
import { BATCH_HEAD, BATCH_SLICES } from '../../../shared/db/queries/batch-items.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';

type Run = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

export const ITEM_STATUSES = ['SUCCESS', 'FAILED', 'PENDING'] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/** Slices read at a time: what bounds the memory, for a slice is at most a chunk. */
const SLICES_A_PAGE = 20;
/** Receipts that leave together. */
const LINES_A_PIECE = 500;
const WITHDRAWN = { code: 'withdrawn', message: 'Not written, and never will be by this request. Safe to send again.' };

interface SliceRow {
  firstIndex: number;
  span: number;
  firstId: number;
  rejects: Map<number, Reject[]>;
}

/**
 * The receipts of a batch as pieces of NDJSON, in the order of the request; undefined where there is no such batch. The
 * state is read first: what the ledger lacks of a closed batch was withdrawn for good, of an open one it is pending.
 * @param only receipts of this status
 */
export async function batchItems(run: Run, batchId: string, only?: ItemStatus): Promise<AsyncGenerator<string> | undefined> {
  const [head] = await run(BATCH_HEAD, [batchId]);
  if (head === undefined) return undefined;
  return pieces(receipts(run, batchId, head[0] === 'closed', Number(head[1]), only));
}

async function* receipts(run: Run, batchId: string, closed: boolean, requested: number, only: ItemStatus | undefined): AsyncGenerator<string> {
  const wants = (status: ItemStatus) => only === undefined || only === status;
  const gap: ItemStatus = closed ? 'FAILED' : 'PENDING';
  const lacking = (index: number) => (closed ? { index, status: gap, errors: [{ pointer: '', ...WITHDRAWN }], withdrawn: true } : { index, status: gap });
  let next = 0;
  for (;;) {
    const slices = (await run(BATCH_SLICES, [batchId, next, SLICES_A_PAGE])).map(sliceOf);
    for (const slice of slices) {
      for (; next < slice.firstIndex; next++) if (wants(gap)) yield JSON.stringify(lacking(next));
      for (; next < slice.firstIndex + slice.span; next++) {
        const rejects = slice.rejects.get(next);
        if (rejects === undefined) {
          if (wants('SUCCESS')) yield `{"index":${next},"status":"SUCCESS","id":${slice.firstId + next - slice.firstIndex}}`;
        } else if (wants('FAILED')) {
          yield JSON.stringify({ index: next, status: 'FAILED', errors: rejects.map(([, code, pointer, message]) => ({ pointer, code, message })) });
        }
      }
    }
    if (slices.length < SLICES_A_PAGE) break;
  }
  for (; next < requested; next++) if (wants(gap)) yield JSON.stringify(lacking(next));
}

async function* pieces(lines: AsyncGenerator<string>): AsyncGenerator<string> {
  let piece = '';
  let count = 0;
  for await (const line of lines) {
    piece += `${line}\n`;
    if (++count % LINES_A_PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function sliceOf(row: unknown[]): SliceRow {
  const [firstIndex, span, firstId, rejects] = row as [number, number, string, Reject[] | null];
  return { firstIndex, span, firstId: Number(firstId), rejects: Map.groupBy(rejects ?? [], (reject) => reject[0]) };
}
