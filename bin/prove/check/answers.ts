import type { Chronicle } from '../chronicle.ts';
import type { Changes } from '../load/changes.ts';
import { readMark, type LoadSeed } from '../load/items.ts';
import type { Entry, Journal } from '../load/journal.ts';
import type { PromiseName, Scoreboard } from '../promises.ts';
import { judgeChanges } from './judge-changes.ts';
import { judgeRequest, type BatchStateOf, type MarkedRow } from './judge-request.ts';
import type { Row } from './rows.ts';

/** What comparing answers and rows needs. */
export interface AnswersTools {
  load: LoadSeed;
  rows: AsyncIterable<Row>;
  journal: Pick<Journal, 'read'>;
  changes: Changes;
  batchState: BatchStateOf;
  chronicle: Chronicle;
  scoreboard: Scoreboard;
  /** Told of each row, with its request. */
  onRow(row: Row, entry: Entry): void;
}

/**
 * Goes once through rows and journal side by side, both in the order of the requests, and compares each request's answers with its
 * rows. Holds one request at a time. Returns the number of rows.
 */
export async function checkAnswers(tools: AnswersTools): Promise<number> {
  const { load, journal, scoreboard, chronicle, changes } = tools;
  const rows = tools.rows[Symbol.asyncIterator]();
  let ahead = await rows.next();
  let count = 0;
  /** The rows of a request; rows of requests that nobody sent, which come before, are told. */
  const rowsOf = async (no: number): Promise<MarkedRow[]> => {
    const list: MarkedRow[] = [];
    for (; ahead.done !== true; ahead = await rows.next()) {
      const mark = readMark(load, ahead.value.securityId);
      if (mark !== undefined && mark.request > no) break;
      count += 1;
      if (mark === undefined || mark.request < no) scoreboard.broken('once', `record ${ahead.value.id} (${ahead.value.securityId}) is of no request that was sent`);
      else list.push({ ...ahead.value, index: mark.index });
    }
    return list;
  };
  for await (const entry of journal.read()) {
    const found = await rowsOf(entry.no);
    const { tried, broken } = judgeRequest(load, entry, found, tools.batchState);
    for (const [promise, times] of Object.entries(tried) as [PromiseName, number][]) scoreboard.tried(promise, times);
    for (const { promise, text } of broken) scoreboard.broken(promise, `request ${entry.no} (${entry.shape}, ${entry.attempts} attempts), ${text}; under way: ${chronicle.namesDuring(entry.fromMs, entry.toMs)}`);
    for (const row of found) {
      const wrong = judgeChanges(changes, row);
      if (wrong) scoreboard.broken('changed', `${wrong.text}; under way: ${wrong.change === undefined ? '?' : chronicle.namesDuring(wrong.change.fromMs, wrong.change.toMs)}`);
      tools.onRow(row, entry);
    }
  }
  await rowsOf(Infinity);
  return count;
}
