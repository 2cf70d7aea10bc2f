import type { Replay, ReplayPlan, ReplayProgress, ReplayState } from '../../../shared/contracts/dead-letters.ts';
import { v7 as uuidv7 } from 'uuid';
import { writeAudit, type Actor } from '../../../shared/db/audit.ts';
import { inTransaction, type Ask } from '../../../shared/db/in-transaction.ts';
import { COUNT_RELEASABLE, INSERT_REPLAY, LIST_REPLAYS, LOCK_REPLAYS, OVERLAPPING_REPLAY, READ_REPLAY, RUNNING_FILTERS, STOP_REPLAY } from '../../../shared/db/queries/dead-letter-operations.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { toIso } from '../../../shared/records/wire.ts';
import type { LetterDesk, LetterFilter, Selection } from './desk.ts';
import { filtersMeet } from './filters-meet.ts';
import { planReplay } from './plan-replay.ts';
import { checkDead, nothingMatches, selected } from './select-letters.ts';

export interface ReplayRequest {
  selection: Selection;
  /** Dead letters a second; undefined takes the setting. */
  rate: number | undefined;
}

/**
 * What a replay would do; the same refusals as for the replay itself.
 * @throws as startReplay
 */
export function dryRunReplay(desk: LetterDesk, { selection, rate = desk.rate.default }: ReplayRequest): Promise<ReplayPlan> {
  return inTransaction(desk.pool, 'read', desk.timeoutMs, async (ask) => {
    const { sink } = await checkReplay(ask, selection, false);
    return planReplay(ask, desk, selection, sink, rate);
  });
}

/**
 * Begins a replay, which the sink's relay carries out: the selected that are dead now go again, in the order of their ids.
 * @throws ProblemError 404 `not-found`, 409 `letter-closed`, `replaying` or `replay-running`, 400 `nothing-matches` or `several-sinks`
 */
export function startReplay(desk: LetterDesk, actor: Actor, { selection, rate = desk.rate.default }: ReplayRequest): Promise<ReplayProgress> {
  const id = uuidv7();
  return inTransaction(desk.pool, 'write', desk.timeoutMs, async (ask) => {
    await ask(LOCK_REPLAYS, []);
    const { sink, total } = await checkReplay(ask, selection, true);
    await ask(INSERT_REPLAY, [id, sink, JSON.stringify(keptFilter(selection)), rate, total, actor.who]);
    await writeAudit(ask, actor, { operation: 'dead-letters.replay', target: { ...selection }, outcome: 'done', detail: { replayId: id, sink, total, rate } });
    return progressOf(await one(ask, id));
  });
}

/**
 * Ends the release of a replay; what it released already is still sent.
 * @throws ProblemError 404 `not-found`, 409 `replay-ended`
 */
export function stopReplay(desk: LetterDesk, actor: Actor, id: string): Promise<ReplayProgress> {
  return inTransaction(desk.pool, 'write', desk.timeoutMs, async (ask) => {
    const [stopped] = await ask(STOP_REPLAY, [id]);
    const replay = progressOf(await one(ask, id));
    if (stopped === undefined) throw new ProblemError({ status: 409, code: 'replay-ended', title: 'Ended already', detail: `This replay is ${replay.state} since ${replay.endedAt ?? 'its end'}; there is nothing to stop.` });
    await writeAudit(ask, actor, { operation: 'dead-letters.stop-replay', target: { replayId: id }, outcome: 'done', detail: { total: replay.total, released: replay.released } });
    return replay;
  });
}

/** @throws ProblemError 404 `not-found` */
export async function readReplay(desk: LetterDesk, id: string): Promise<ReplayProgress> {
  return progressOf(await one((statement, values) => runStatement(desk.pool, statement, values, desk.timeoutMs), id));
}

/** One page, newest first; `next` is where the following one begins, null at the end. */
export async function listReplays(desk: LetterDesk, query: { sinks: readonly string[] | null; states: readonly string[] | null }, page: { after: string | null; limit: number }): Promise<{ content: Replay[]; next: string | null }> {
  const rows = await runStatement(desk.pool, LIST_REPLAYS, [query.sinks, query.states, page.after, page.limit + 1], desk.timeoutMs);
  const content = rows.slice(0, page.limit).map(replayOf);
  return { content, next: rows.length > page.limit ? (content.at(-1)?.id ?? null) : null };
}

/** Whether a replay of the selected may begin: of one sink, of something, and beside no other of the same. */
async function checkReplay(ask: Ask, selection: Selection, lock: boolean): Promise<{ sink: string; total: number }> {
  const filter = 'filter' in selection ? selection.filter : undefined;
  if ('ids' in selection) await checkDead(ask, selection.ids, lock);
  const sinks = (await ask(COUNT_RELEASABLE, selected(selection))) as [string, number][];
  if (sinks.length > 1) throw severalSinks(sinks.map(([sink]) => sink));
  const [only] = sinks;
  // A group may be on its way whole, and match nothing that is dead: that another replay has it says more.
  if (filter !== undefined) await checkApart(ask, filter, only?.[0] ?? filter.sink ?? null);
  if (only === undefined) throw nothingMatches(filter ?? {});
  const [sink, total] = only;
  const [overlap] = await ask(OVERLAPPING_REPLAY, selected(selection, sink));
  if (overlap !== undefined) throw replayRunning(overlap[0] as string);
  return { sink, total };
}

/** @throws ProblemError 409 where a running replay has a filter that could match the same */
async function checkApart(ask: Ask, filter: LetterFilter, sink: string | null): Promise<void> {
  const other = (await ask(RUNNING_FILTERS, [sink])).find(([, running]) => filtersMeet(filter, running as LetterFilter & { ids?: unknown }));
  if (other !== undefined) throw replayRunning(other[0] as string);
}

function replayRunning(id: string): ProblemError {
  return new ProblemError({ status: 409, code: 'replay-running', title: 'Another replay runs', detail: `The replay ${id} has some of these dead letters, or its filter meets this one. Wait for its end, or stop it first.`, extra: { replayId: id } });
}

function severalSinks(sinks: readonly string[]): ProblemError {
  return new ProblemError({ status: 400, code: 'several-sinks', title: 'Of several sinks', detail: `A replay is of one sink, and these dead letters are of ${sinks.join(', ')}. Ask for each of them.`, extra: { sinks } });
}

/** A selection as the replay keeps it for the relay: the sink stands beside it. */
function keptFilter(selection: Selection): Record<string, unknown> {
  if ('ids' in selection) return { ids: selection.ids };
  const { sink: _, ...rest } = selection.filter;
  return rest;
}

async function one(ask: Ask, id: string): Promise<unknown[]> {
  const [row] = await ask(READ_REPLAY, [id]);
  if (row === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such replay', detail: `There is no replay with the id ${id}.` });
  return row;
}

function replayOf(c: readonly unknown[]): Replay {
  return {
    id: c[0] as string, sink: c[1] as string, filter: c[2] as Record<string, unknown>, rate: c[3] as number, state: c[4] as ReplayState, total: c[5] as number, released: c[6] as number,
    requestedBy: c[7] as string, requestedAt: toIso(c[8]), endedAt: c[9] === null ? null : toIso(c[9]),
  };
}

function progressOf(c: readonly unknown[]): ReplayProgress {
  return { ...replayOf(c), delivered: c[10] as number, superseded: c[11] as number, deadAgain: c[12] as number, onTheWay: c[13] as number };
}
