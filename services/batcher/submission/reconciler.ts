import type { Pool } from 'pg';
import { COUNT_OPEN, FIND_UNSETTLED, FLAG_OVERDUE, FORGET_ANSWERS, LEAVE_DUTY, RETAKE_ORDERS, TAKE_DUTY } from '../../../shared/db/queries/submissions.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { callChunk, type CallResult } from './call-chunk.ts';
import { loadedOrder } from './order-store.ts';
import type { OrderOutcome } from '../../../shared/contracts/submissions.ts';
import type { LoadedOrder } from './outcomes.ts';
import { tradeOrderOf, writeEnds, type ChunkTools } from './submit-chunk.ts';
import type { TradeCalls } from './trade-client.ts';

export interface ReconcilerTools extends Omit<ChunkTools, 'calls'> {
  calls: TradeCalls;
  pool: Pool;
  owner: string;
  dutyLeaseMs: number;
  patienceMs: number;
  chunkSize: number;
  idempotencyHours: number;
  statementTimeoutMs: number;
  newSubmissionId: () => string;
  onOpen: (byFlag: ReadonlyMap<string, number> | undefined) => void;
  onEnd: (outcome: 'known' | 'sent' | 'refused' | 'flagged', orders: number) => void;
}

const DUTY = 'submission-reconciler';
const MOST = 200;
const ASKED_AT_ONCE = 8;
/** Written down within this, or found again in the next round. */
const WRITE_MS = 10_000;

/**
 * One round over the submissions without a known end. The trade service is asked for each: what it has is written down as sent. What it
 * does not have is sent again, only once the lease of its submission is over: then no call that could still bring it is under way. What
 * stays without an end for too long is flagged for a person. One node of the fleet does this at a time; that two do would be harmless.
 */
export async function reconcile(tools: ReconcilerTools): Promise<void> {
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  if ((await run(TAKE_DUTY, [DUTY, tools.owner, tools.dutyLeaseMs])).length === 0) return tools.onOpen(undefined);
  await run(FORGET_ANSWERS, [tools.idempotencyHours]);
  const overdue = await run(FLAG_OVERDUE, [tools.patienceMs, tools.leaseMs]);
  if (overdue.length > 0) {
    tools.log.error({ orders: overdue.length }, 'orders are in submission for so long that a person must look at them (docs/orders.md)');
    tools.onEnd('flagged', overdue.length);
  }
  tools.onOpen(new Map((await run(COUNT_OPEN, [])).map(([flag, orders]) => [String(flag), Number(orders)])));
  if (tools.calls.pauseMs() > 0) return;
  const rows = await run(FIND_UNSETTLED, [tools.leaseMs, MOST]);
  if (rows.length === 0) return;
  const orders = rows.map((row) => ({ ...loadedOrder(row), leaseOver: row.at(-1) === true }));
  const asked = await askFor(tools.calls, orders);
  await writeKnown(tools, orders, asked);
  const again = orders.filter((o) => asked.get(o.id)?.length === 0 && o.leaseOver && o.flag !== 'overdue');
  for (let i = 0; i < again.length; i += tools.chunkSize) await sendAgain(tools, again.slice(i, i + tools.chunkSize), run);
}

/** A stopping node leaves the duty to another at once. */
export async function leaveDuty({ pool, owner, statementTimeoutMs }: ReconcilerTools): Promise<void> {
  await runStatement(pool, LEAVE_DUTY, [DUTY, owner], statementTimeoutMs);
}

/** By order, the ids of its trade orders; orders about which there was no answer are left out. */
async function askFor(calls: TradeCalls, orders: readonly LoadedOrder[]): Promise<Map<number, number[]>> {
  const known = new Map<number, number[]>();
  const left = orders.map((o) => o.id);
  const askOn = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const asked = await calls.ask(id);
      if (asked.answer === 'unavailable') {
        // Whoever does not answer for one need not be asked for the others in this round.
        left.length = 0;
        return;
      }
      known.set(id, asked.answer === 'known' ? asked.tradeOrderIds : []);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOn));
  return known;
}

async function writeKnown(tools: ReconcilerTools, orders: readonly LoadedOrder[], asked: ReadonlyMap<number, readonly number[]>): Promise<void> {
  const there = orders.filter((o) => (asked.get(o.id)?.length ?? 0) > 0);
  if (there.length === 0) return;
  const one = there.filter((o) => asked.get(o.id)?.length === 1);
  const result: CallResult = { ...nothing(), sent: new Map(one.map((o) => [o.id, asked.get(o.id)?.[0] ?? 0])), clashing: new Set(there.filter((o) => !one.includes(o)).map((o) => o.id)) };
  tell(tools, await writeEnds(tools, there, result, ours(tools), tools.now() + WRITE_MS), 'known');
}

async function sendAgain(tools: ReconcilerTools, orders: readonly LoadedOrder[], run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>): Promise<void> {
  const takenAt = tools.now();
  const rows = await run(RETAKE_ORDERS, [orders.map((o) => o.id), orders.map((o) => o.submissionId), tools.leaseMs, tools.leaseMs]);
  const own = new Set(rows.map(([id]) => Number(id)));
  const taken = orders.filter((o) => own.has(o.id));
  if (taken.length === 0) return;
  const mayCall = () => tools.now() - takenAt + tools.callMs < tools.leaseMs;
  const result = await callChunk(tools.calls, taken.map(tradeOrderOf), mayCall);
  // Its client was told that it is on its way: what could not be sent now stays in submission, and is sent later.
  for (const id of result.unsent) result.unknown.add(id);
  result.unsent.clear();
  tell(tools, await writeEnds(tools, taken, result, ours(tools), takenAt + tools.leaseMs), 'sent');
}

function tell({ onEnd }: ReconcilerTools, outcomes: ReadonlyMap<number, OrderOutcome>, sent: 'known' | 'sent'): void {
  const ends = [...outcomes.values()];
  for (const [name, count] of [[sent, ends.filter((o) => o.outcome === 'sent').length], ['refused', ends.filter((o) => o.outcome === 'refused').length], ['flagged', ends.filter((o) => o.outcome === 'unknown' && o.flag === 'clash').length]] as const) if (count > 0) onEnd(name, count);
}

function ours({ newSubmissionId }: ReconcilerTools) {
  return { submissionId: newSubmissionId(), client: 'reconciler', trace: '' };
}

function nothing(): CallResult {
  return { sent: new Map(), refused: new Map(), unknown: new Set(), clashing: new Set(), unsent: new Set(), unsentWhy: 'trade-service-away' };
}
