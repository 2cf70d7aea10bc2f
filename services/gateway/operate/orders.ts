import { v7 as uuidv7 } from 'uuid';
import type { TradeServiceSays } from '../../../shared/contracts/submissions.ts';
import { writeAudit } from '../../../shared/db/audit.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { FIND_OVERDUE, LIST_OVERDUE } from '../../../shared/db/queries/overdue-orders.ts';
import { SETTLE_SUBMISSIONS } from '../../../shared/db/queries/submissions.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { sinksOf } from '../../../shared/records/record-kind.ts';
import { toIso } from '../../../shared/records/wire.ts';
import type { OperateTools, Run } from './handlers.ts';
import { decideSettling } from './settle-order.ts';

const DEFAULT_LIMIT = 100;
/** Beyond what one call of the trade service may take. */
const GRACE_MS = 1_000;
const ALREADY_THERE = '23505';

/** What the operations on overdue orders do. */
export function ordersOperations({ node, broker }: OperateTools): Record<Extract<OperationName, `orders.${string}`>, Run> {
  const { database: { pool }, settings, kinds, nodeId } = node;
  const order = kinds.get('order');
  const sink = order === undefined ? '' : (sinksOf(order, 'update', settings)[0] ?? '');
  const askTradeService = async (orderId: number): Promise<TradeServiceSays> => {
    try {
      return await broker.call('batcher.askTradeService', { orderId }, { timeout: settings.tradeConnectTimeout + settings.tradeResponseTimeout + GRACE_MS });
    } catch (error) {
      node.log.warn({ err: error, orderId }, 'the trade service could not be asked about an order');
      return { answer: 'unavailable', why: 'no batcher answered' };
    }
  };
  return {
    'orders.overdue': async ({ limit }) => {
      const rows = await runStatement(pool, LIST_OVERDUE, [limit ?? DEFAULT_LIMIT], settings.statementTimeout);
      return { orders: rows.map(([id, version, flag, submissionId, since]) => ({ id: Number(id), version: Number(version), flag, submissionId, since: since === null ? null : toIso(since) })) };
    },
    'orders.settle': async ({ id: given, as, tradeOrderId, force, why, dryRun }, actor) => {
      const id = Number(given);
      const [row] = await runStatement(pool, FIND_OVERDUE, [id, settings.submissionLease], settings.statementTimeout);
      if (row === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such order', detail: `There is no order ${id}.` });
      const [version, status, trade, submissionId, flag, underWay] = row as [number, string, number | null, string | null, string | null, boolean];
      if (submissionId === null || trade !== null || (flag !== 'overdue' && flag !== 'clash')) throw new ProblemError({ status: 409, code: 'not-overdue', title: 'Not overdue', detail: `The order ${id} is ${status}${trade === null ? '' : ` as trade order ${trade}`}${submissionId !== null && trade === null ? ', in submission' : ''}: nobody needs to settle it.`, extra: { orderId: id, tradeOrderId: trade } });
      if (underWay) throw new ProblemError({ status: 409, code: 'in-submission', title: 'In submission', detail: `A call for the order ${id} may still be under way; try again in a minute.` });
      const says = await askTradeService(id);
      const verdict = decideSettling({ as: as as 'sent' | 'new', tradeOrderId: tradeOrderId as number | undefined, force: force === true }, says);
      const extra = { orderId: id, tradeService: says };
      if ('refusal' in verdict) throw new ProblemError({ status: 409, code: verdict.code, title: 'Not settled', detail: verdict.refusal, extra });
      const told = { orderId: id, from: flag, ...verdict, tradeService: says };
      if (dryRun === true) return { dryRun: true, ...told };
      const sent = verdict.outcome === 'sent' ? verdict.tradeOrderId : null;
      await inTransaction(pool, 'write', settings.transactionTimeout, async (ask) => {
        const written = await ask(SETTLE_SUBMISSIONS, [[id], [version], [submissionId], [verdict.outcome], [sent], [null], uuidv7(), actor.who, nodeId, '', sink]);
        if (written.length === 0) throw new ProblemError({ status: 409, code: 'changed-meanwhile', title: 'Changed meanwhile', detail: `The submission of the order ${id} has ended meanwhile. Look at it again.`, extra });
        await writeAudit(ask, actor, { operation: 'orders.settle', target: { order: id }, outcome: 'done', detail: { as, tradeOrderId: sent, forced: verdict.forced, tradeService: says, flag, submissionId, why: why ?? null } });
      }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== ALREADY_THERE || error instanceof ProblemError) throw error;
        throw new ProblemError({ status: 409, code: 'trade-order-taken', title: 'Trade order taken', detail: `Another order has the trade order ${String(sent)}.`, extra, cause: error });
      });
      return told;
    },
  };
}
