import type { Chronicle } from '../chronicle.ts';
import { priceOf, type Revaluations } from '../load/revaluations.ts';
import type { Scoreboard } from '../promises.ts';
import type { TargetPostgres } from '../target.ts';
import type { BatchStateOf, Verdict } from './judge-request.ts';

/** A row of the kind `revaluation`, with the security of its execution. */
export interface RevaluationRow {
  id: number;
  executionId: number;
  securityId: string;
  price: string;
  /** Its value is price times quantity, by PostgreSQL's reckoning. */
  isProduct: boolean;
}

/** Compares every batch of revaluations with the table. */
export async function checkRevaluations(batches: readonly Revaluations[], postgres: Pick<TargetPostgres, 'session'>, batchState: BatchStateOf, scoreboard: Scoreboard, chronicle: Chronicle): Promise<void> {
  const session = await postgres.session();
  try {
    let explained = 0;
    for (const batch of batches) {
      const rows = await session.sql<RevaluationRow>(
        `select r.id::int, r.execution_id::int as "executionId", e.security_id as "securityId", r.price::text, r.market_value = r.price * e.quantity as "isProduct"
         from revaluation r join execution e on e.id = r.execution_id where r.execution_id = any($1::bigint[])`,
        [batch.executionIds],
      );
      explained += rows.length;
      const { tried, broken } = judgeRevaluations(batch, rows, batchState);
      for (const [promise, times] of Object.entries(tried) as [keyof Verdict['tried'], number][]) scoreboard.tried(promise, times);
      for (const { promise, text } of broken) scoreboard.broken(promise, `request ${batch.no}, revaluations, ${text}; under way: ${chronicle.namesDuring(batch.fromMs, batch.toMs)}`);
    }
    const [all] = await session.sql<{ n: number }>('select count(*)::int as n from revaluation');
    if (all?.n !== explained) scoreboard.broken('once', `${all?.n} revaluations are stored, ${explained} of them of executions that clients had revalued`);
  } finally {
    await session.end();
  }
}

/** Compares what a client was told of a batch of revaluations with the rows of the executions that it named. */
export function judgeRevaluations({ batchId, executionIds, receipts }: Pick<Revaluations, 'batchId' | 'executionIds' | 'receipts'>, rows: readonly RevaluationRow[], batchState: BatchStateOf): Verdict {
  const verdict: Verdict = { tried: { once: executionIds.length, kept: 0, true: 0 }, broken: [] };
  const broken = (promise: keyof Verdict['tried'], index: number, text: string) => verdict.broken.push({ promise, text: `item ${index} of batch ${batchId}: ${text}` });
  const byExecution = new Map<number, RevaluationRow[]>();
  for (const row of rows) byExecution.set(row.executionId, [...(byExecution.get(row.executionId) ?? []), row]);
  const tried = (promise: 'kept' | 'true') => (verdict.tried[promise] = (verdict.tried[promise] ?? 0) + 1);
  for (const [index, executionId] of executionIds.entries()) {
    const found = byExecution.get(executionId) ?? [];
    const ids = found.map(({ id }) => id).join(' and ');
    const receipt = receipts?.[index];
    if (found.length > 1) broken('once', index, `is in the table as ${ids}`);
    for (const { id, securityId, price, isProduct } of found) if (price !== priceOf(securityId) || !isProduct) broken('kept', index, `revaluation ${id} has price ${price} where ${priceOf(securityId)} was told, and ${isProduct ? 'their' : 'not their'} product`);
    if (receipt === undefined) continue;
    tried('true');
    if (typeof receipt.fate === 'number') {
      tried('kept');
      if (!found.some(({ id }) => id === receipt.fate)) broken('kept', index, `told stored as ${receipt.fate}, ${found.length === 0 ? 'is not there' : `is there as ${ids}`}`);
    } else {
      if (found.length > 0) broken('true', index, `told ${receipt.fate}, is there as ${ids}`);
      // Whether the service answered in the end is not known; that the execution is there is.
      if (receipt.code === 'ITEM_ERROR' && executionId > 0 && executionId < 2_147_483_647) broken('true', index, `execution ${executionId} is there, and was told not to be`);
    }
  }
  if (batchId !== undefined) {
    verdict.tried.settled = 1;
    if (batchState(batchId) !== 'closed') verdict.broken.push({ promise: 'settled', text: `batch ${batchId}: is ${batchState(batchId) ?? 'not there'} after its client's end` });
  }
  return verdict;
}
