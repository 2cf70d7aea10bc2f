import type { Letter, LetterGroup, LetterState, LetterSummary } from '../../../shared/contracts/dead-letters.ts';
import { GROUP_LETTERS, listLetters as listStatement, READ_LETTER, WAITING_BEHIND } from '../../../shared/db/queries/dead-letters.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { toIso } from '../../../shared/records/wire.ts';
import type { LetterDesk } from './desk.ts';
import { noSuchLetter } from './select-letters.ts';

/** What lists of dead letters are narrowed by; null narrows nothing. */
export interface LetterQuery {
  sinks: readonly string[] | null;
  kinds: readonly string[] | null;
  states: readonly string[] | null;
  codes: readonly string[] | null;
  fingerprints: readonly string[] | null;
  batchId: string | null;
  recordIds: readonly number[] | null;
  since: string | null;
  until: string | null;
}

/** Later messages that one answer lists. */
const MOST_WAITING = 100;
/** Groups that one answer lists: there are as many as causes. */
const MOST_GROUPS = 200;

function values(q: LetterQuery): unknown[] {
  return [q.sinks, q.kinds, q.states, q.codes, q.fingerprints, q.batchId, q.recordIds, q.since, q.until];
}

/** One page; `next` is where the following one begins, null at the end. */
export async function listLetters(desk: LetterDesk, query: LetterQuery, page: { newestFirst: boolean; after: number | null; limit: number }): Promise<{ content: LetterSummary[]; next: number | null }> {
  const rows = await runStatement(desk.pool, listStatement(page.newestFirst), [...values(query), page.after, page.limit + 1], desk.timeoutMs);
  const content = rows.slice(0, page.limit).map(summaryOf);
  return { content, next: rows.length > page.limit ? (content.at(-1)?.id ?? null) : null };
}

/** Dead letters of one sink and cause together, the largest groups first. */
export async function groupLetters(desk: LetterDesk, query: LetterQuery): Promise<{ content: LetterGroup[]; more: boolean }> {
  const rows = await runStatement(desk.pool, GROUP_LETTERS, [...values(query), MOST_GROUPS + 1], desk.timeoutMs);
  return { content: rows.slice(0, MOST_GROUPS).map(groupOf), more: rows.length > MOST_GROUPS };
}

/**
 * All that is known of one, in one snapshot.
 * @throws ProblemError 404 `not-found`
 */
export function readLetter(desk: LetterDesk, id: number): Promise<Letter> {
  return inTransaction(desk.pool, 'read', desk.timeoutMs, async (ask) => {
    const [row] = await ask(READ_LETTER, [id]);
    if (row === undefined) throw noSuchLetter([id]);
    const summary = summaryOf(row);
    const open = summary.state === 'dead' || summary.state === 'replaying';
    const waits = open && !desk.stateTables.some((t) => t.kind === summary.kind);
    const behind = waits ? await ask(WAITING_BEHIND, [id, MOST_WAITING + 1]) : [];
    const [payload, headers, tries, mirroredAt, shard, op, firstIndex, index, node, writtenAt, client, clientReference] = row.slice(SUMMARY_COLUMNS) as [string, Letter['headers'], Letter['tries'], unknown, number, string, number, number | null, string | null, unknown, string | null, string | null];
    return {
      ...summary, payload, headers, tries, mirroredAt: isoOrNull(mirroredAt),
      provenance: { batchId: summary.batchId, op, firstIndex, index, shard, node, writtenAt: isoOrNull(writtenAt), client, clientReference },
      waitingBehind: behind.slice(0, MOST_WAITING).map(([version, batchId, at]) => ({ version: version as number, batchId: batchId as string, writtenAt: toIso(at) })),
      moreWaiting: behind.length > MOST_WAITING,
    };
  });
}

const SUMMARY_COLUMNS = 21;

function summaryOf(c: readonly unknown[]): LetterSummary {
  return {
    id: Number(c[0]), state: c[1] as LetterState, sink: c[2] as string, kind: c[3] as string, recordId: Number(c[4]), version: c[5] as number, batchId: c[17] as string,
    topic: c[6] as string | null, partition: c[7] as number | null, code: c[8] as string, class: c[9] as string, reason: c[10] as string, fingerprint: c[11] as string,
    attempts: c[12] as number, replays: c[13] as number, replayId: c[14] as string | null, firstFailedAt: toIso(c[15]), lastFailedAt: toIso(c[16]),
    closedAt: isoOrNull(c[18]), closedBy: c[19] as string | null, closedReason: c[20] as string | null,
  };
}

function groupOf(c: readonly unknown[]): LetterGroup {
  return {
    sink: c[0] as string, fingerprint: c[1] as string, code: c[11] as string, class: c[12] as string, reason: c[13] as string, kinds: c[7] as string[],
    count: c[2] as number, dead: c[3] as number, replaying: c[4] as number, firstFailedAt: toIso(c[5]), lastFailedAt: toIso(c[6]),
    example: { id: Number(c[8]), recordId: Number(c[9]), batchId: c[10] as string },
  };
}

function isoOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : toIso(value);
}
