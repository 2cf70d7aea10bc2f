import { writeAudit, type Actor } from '../../../shared/db/audit.ts';
import { inTransaction, type Ask } from '../../../shared/db/in-transaction.ts';
import { COUNT_DEAD, DISCARD_LETTERS } from '../../../shared/db/queries/dead-letter-operations.ts';
import type { LetterDesk, Selection } from './desk.ts';
import { checkDead, nothingMatches, selected } from './select-letters.ts';

export interface DiscardRequest {
  selection: Selection;
  /** Why: kept with each of them, and in the audit. */
  reason: string;
}

export interface Discarded {
  discarded: number;
  /** Matching ones that are still dead: one discard closes a bounded number. Ask again until there are none. */
  remaining: number;
}

/** What a discard would do. */
export interface DiscardPlan {
  dryRun: true;
  /** Dead letters that would be closed, by sink. */
  sinks: Record<string, number>;
  total: number;
}

/** Dead letters that one discard closes: one short transaction. */
const MOST_AT_ONCE = 10_000;

/**
 * What a discard would do; the same refusals as for the discard itself.
 * @throws as discardLetters
 */
export function dryRunDiscard(desk: LetterDesk, { selection }: DiscardRequest): Promise<DiscardPlan> {
  return inTransaction(desk.pool, 'read', desk.timeoutMs, async (ask) => {
    const sinks = await countDead(ask, selection, false);
    return { dryRun: true, sinks, total: sumOf(sinks) };
  });
}

/**
 * Closes dead letters for good: they are never sent again. What waited behind them goes on.
 * @param mostAtOnce closes this many, those of the lowest ids
 * @throws ProblemError 404 `not-found`, 409 `letter-closed` or `replaying`, 400 `nothing-matches`
 */
export function discardLetters(desk: LetterDesk, actor: Actor, { selection, reason }: DiscardRequest, mostAtOnce = MOST_AT_ONCE): Promise<Discarded> {
  return inTransaction(desk.pool, 'write', desk.timeoutMs, async (ask) => {
    const sinks = await countDead(ask, selection, true);
    const [row] = await ask(DISCARD_LETTERS, [...selected(selection), mostAtOnce, actor.who, reason]);
    const discarded = Number(row?.[0] ?? 0);
    const remaining = Math.max(0, sumOf(sinks) - discarded);
    await writeAudit(ask, actor, { operation: 'dead-letters.discard', target: { ...selection }, outcome: 'done', detail: { reason, discarded, remaining, sinks: Object.keys(sinks) } });
    return { discarded, remaining };
  });
}

async function countDead(ask: Ask, selection: Selection, lock: boolean): Promise<Record<string, number>> {
  if ('ids' in selection) await checkDead(ask, selection.ids, lock);
  const sinks = (await ask(COUNT_DEAD, selected(selection))) as [string, number][];
  if (sinks.length === 0) throw nothingMatches('filter' in selection ? selection.filter : {});
  return Object.fromEntries(sinks);
}

function sumOf(sinks: Record<string, number>): number {
  return Object.values(sinks).reduce((sum, n) => sum + n, 0);
}
