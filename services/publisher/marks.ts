import { ackedIds, partitionsLeft, type AckedIds, type Acks } from './ledger-row.ts';
import type { Candidate, Send } from './plan-send.ts';
import type { AckedRun, PartitionResult, SinkFailure } from './sink.ts';

/** Offset of a run of ids of which nothing was there to send. */
const NOTHING_SENT = -1;

/** What the ledger is told of one row after a send. */
export interface Mark {
  candidate: Candidate;
  /** What is new: by partition, and the list of those left. */
  acks: Acks;
  delivered: number;
  done: boolean;
  attempts: number;
  /** Pause before the next try; null when it may come at once. */
  delayMs: number | null;
  error: string | null;
}

/** A refused message, and what is to become of its row. */
export interface Refusal {
  candidate: Candidate;
  id: number;
  failure: SinkFailure;
}

/** A refused message's fate: for now always another try after this pause. */
export type Put = (refusal: Refusal, attempts: number) => { delayMs: number };

/**
 * What became of a send, row by row. Rows for which nothing is new are left out: a cluster that is away costs neither a try
 * nor a write.
 */
export function marksOf(send: Send, results: readonly PartitionResult[], put: Put): Mark[] {
  const byPartition = new Map(results.map((r) => [r.partition, r]));
  const marks = new Map<Candidate, Mark>(send.candidates.map((candidate) => [candidate, { candidate, acks: {}, delivered: 0, done: false, attempts: candidate.row.attempts, delayMs: null, error: null }]));
  const left = new Map<Candidate, Set<number>>(send.candidates.map((c) => [c, new Set(c.left)]));
  const told = new Set<Candidate>();
  const parts = new Set<string>();
  for (const group of send.groups) {
    const result = byPartition.get(group.partition);
    for (const part of group.parts) {
      parts.add(partKey(part.candidate, group.partition));
      const mark = marks.get(part.candidate);
      if (mark === undefined) continue;
      const runs = overlapping(result?.acked ?? [], part.from, part.to);
      const count = runs.reduce((sum, r) => sum + r.to - r.from + 1, 0);
      const whole = count === part.to - part.from + 1;
      if (!whole) left.get(part.candidate)?.add(group.partition);
      mark.delivered += count;
      const before = ackedIds(part.candidate.row, group.partition);
      const [only] = runs;
      if (only !== undefined) {
        const finished = whole && !part.candidate.left.has(group.partition);
        const ids = runs.map((r): AckedIds => [group.messages[r.from]?.id ?? 0, group.messages[r.to]?.id ?? 0, r.base]);
        mark.acks[group.partition] = finished && runs.length === 1 && before.length === 0 ? only.base : [...before, ...ids];
      }
      for (const { position, failure } of result?.refused ?? []) {
        if (position < part.from || position > part.to) continue;
        const attempts = part.candidate.row.attempts + 1;
        const { delayMs } = put({ candidate: part.candidate, id: group.messages[position]?.id ?? 0, failure }, attempts);
        mark.attempts = attempts;
        mark.delayMs = Math.max(mark.delayMs ?? 0, delayMs);
        mark.error = failure.code;
        told.add(part.candidate);
      }
      if (!whole && result?.failure !== undefined && result.failure.class !== 'cluster') {
        mark.error ??= result.failure.code;
        told.add(part.candidate);
      }
    }
  }
  for (const [candidate, mark] of marks) {
    for (const [partition, [low, high]] of candidate.vacant) mark.acks[partition] = [...ackedIds(candidate.row, partition), [low, high, NOTHING_SENT]];
    if (candidate.vacant.size > 0 || [...candidate.send.keys()].some((p) => !parts.has(partKey(candidate, p)) && !candidate.left.has(p))) told.add(candidate);
  }
  const news: Mark[] = [];
  for (const [candidate, mark] of marks) {
    const unfinished = [...(left.get(candidate) ?? [])];
    mark.done = unfinished.length === 0;
    mark.acks.left = unfinished;
    if (mark.done || mark.delivered > 0 || told.has(candidate) || (candidate.send.size === 0 && partitionsLeft(candidate.row) === undefined)) news.push(mark);
  }
  return news;
}

/** The parts of acknowledged runs that lie in [from, to], each with the offset of its first message. */
function overlapping(runs: readonly AckedRun[], from: number, to: number): AckedRun[] {
  return runs
    .filter((r) => r.from <= to && r.to >= from)
    .map((r) => ({ from: Math.max(r.from, from), to: Math.min(r.to, to), base: r.base + Math.max(0, from - r.from) }));
}

function partKey({ row }: Candidate, partition: number): string {
  return `${row.id}/${partition}`;
}
