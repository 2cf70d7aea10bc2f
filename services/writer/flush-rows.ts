import type { Pool } from 'pg';
import type { Chunk } from '../../shared/contracts/slices.ts';
import { int4Array, textArray } from '../../shared/db/binary-array.ts';
import { inTransaction } from '../../shared/db/in-transaction.ts';
import { flushParameters } from '../../shared/db/queries/flush.ts';
import type { KindFlush } from './flush-target.ts';

/**
 * A flush without its bulk (BULK_FLUSH=false), to measure what that brings: fence and ledger rows in one statement, then one INSERT a row,
 * all in one transaction. It promises what the flush does: all of the chunk's open slices or nothing, and the same answer.
 * @returns the flush's rows: one, with the first id of each slice that was written now, else 0
 * @throws PostgreSQL's error, after a rollback; StatementTimeout, whose outcome is unknown
 */
export async function flushRows(pool: Pool, target: KindFlush, chunk: Chunk, node: string, timeoutMs: number): Promise<unknown[][]> {
  const slices = flushParameters(target, chunk.slices, chunk, node).slice(0, -2 - target.carried.length);
  const noRows = [int4Array([]), int4Array([]), ...target.carried.map(() => textArray([]))];
  const insert = { name: `insert-${target.kind}`, text: target.insertRange };
  return inTransaction(pool, 'write', timeoutMs, async (ask) => {
    const written = await ask(target.flush, [...slices, ...noRows]);
    const firstIds = (written[0]?.[0] as (string | number)[] | null) ?? [];
    for (const [row, no] of chunk.sliceOf.entries()) {
      const firstId = Number(firstIds[no]);
      if (firstId !== 0) await ask(insert, [firstId, chunk.slices[no]?.receivedAt, int4Array([chunk.offsetOf[row] ?? 0]), ...target.carried.map((property) => textArray([chunk.columns[property]?.[row] ?? null]))]);
    }
    return written;
  });
}
