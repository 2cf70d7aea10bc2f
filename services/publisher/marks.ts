import type { AbsentIds, AckedIds, Acks, Try } from '../../shared/delivery/acks.ts';
import { absentIds, ackedIds, partitionsLeft, type Tries } from './ledger-row.ts';
import type { Candidate, Part, Send } from './plan-send.ts';
import type { Fate, Letter, Refusal } from './put-refused.ts';
import type { AckedRun, PartitionResult } from './sink.ts';

/** Offset of a run of ids of which nothing was sent: nothing was there to send, or it is a dead letter. */
const NOTHING_SENT = -1;

/** What the ledger is told of one row after a send. */
export interface Mark {
  candidate: Candidate;
  /** What is new: by partition, and the lists of what is left. */
  acks: Acks;
  delivered: number;
  done: boolean;
  /** Sends so far in which a message of the row was refused. */
  attempts: number;
  /** What is to be tried again; null when nothing is. */
  tries: Tries | null;
  /** Pause before the next of those tries; null when nothing was refused now. */
  delayMs: number | null;
  error: string | null;
  /** Messages that became dead letters. */
  letters: Letter[];
}

/** Says what becomes of a refused message. */
export type Put = (refusal: Refusal) => Fate;

/**
 * What became of a send, row by row. Rows for which nothing is new are left out: a cluster that is away costs neither a try
 * nor a write.
 * @param at the database's clock now, ISO 8601
 */
export function marksOf(send: Send, results: readonly PartitionResult[], put: Put, at: string): Mark[] {
  const byPartition = new Map(results.map((r) => [r.partition, r]));
  const outcomes = new Map(send.candidates.map((candidate) => [candidate, new RowOutcome(candidate)]));
  for (const group of send.groups) {
    const result = byPartition.get(group.partition) ?? { partition: group.partition, acked: [], refused: [] };
    for (const part of group.parts) outcomes.get(part.candidate)?.learn(group, part, result, put, at);
  }
  return [...outcomes.values()].flatMap((outcome) => outcome.mark() ?? []);
}

/** Gathers what the partitions' results mean for one row. */
class RowOutcome {
  readonly #candidate: Candidate;
  readonly #acks: Acks = {};
  readonly #left: Set<number>;
  /** Refused messages to be tried again, with their partitions. */
  readonly #tries = new Map<number, { partition: number; tries: readonly Try[] }>();
  readonly #letters: Letter[] = [];
  /** Partitions of which messages were made. */
  readonly #made = new Set<number>();
  #delivered = 0;
  #refused = false;
  #delayMs: number | null = null;
  #error: string | null = null;
  #told = false;

  constructor(candidate: Candidate) {
    this.#candidate = candidate;
    this.#left = new Set(candidate.left);
    for (const [id, partition] of candidate.tried) if (!candidate.gone.has(id)) this.#tries.set(id, { partition, tries: candidate.row.tries?.[id] ?? [] });
  }

  learn(group: Send['groups'][number], { from, to }: Part, result: PartitionResult, put: Put, at: string): void {
    const { partition } = group;
    const { row, resting, left } = this.#candidate;
    this.#made.add(partition);
    const idAt = (position: number) => group.messages[position]?.id ?? 0;
    const acked = overlapping(result.acked, from, to);
    const count = acked.reduce((sum, r) => sum + r.to - r.from + 1, 0);
    const runs = splitAround(acked, idAt, resting.get(partition) ?? []).map((r): AckedIds => [idAt(r.from), idAt(r.to), r.base]);
    this.#delivered += count;
    // Nearly always all of it arrived; then nothing need be looked at message by message.
    const unsent = new Set<number>();
    if (count < to - from + 1) for (let position = from; position <= to; position++) unsent.add(position);
    if (unsent.size > 0 || this.#tries.size > 0) {
      for (const run of acked) {
        for (let position = run.from; position <= run.to; position++) {
          unsent.delete(position);
          this.#tries.delete(idAt(position));
        }
      }
    }
    const refused = result.refused.filter((r) => r.position >= from && r.position <= to);
    for (const { position, failure } of refused) {
      const message = group.messages[position];
      if (message === undefined) continue;
      unsent.delete(position);
      const id = message.id;
      const tries = [...(row.tries?.[id] ?? []), { at, code: failure.code }];
      const fate = put({ row, partition, message, failure, tries });
      if ('letter' in fate) {
        this.#letters.push(fate.letter);
        this.#tries.delete(id);
        runs.push([id, id, NOTHING_SENT]);
      } else {
        this.#tries.set(id, { partition, tries });
        this.#delayMs = Math.max(this.#delayMs ?? 0, fate.delayMs);
      }
      this.#refused = true;
      this.#error = failure.code;
    }
    if ([...unsent].some((position) => !this.#tries.has(idAt(position)))) this.#left.add(partition);

    const before = ackedIds(row, partition);
    const [only] = runs;
    const whole = unsent.size === 0 && refused.length === 0 && !left.has(partition) && !resting.has(partition);
    if (only !== undefined) this.#acks[partition] = whole && runs.length === 1 && before.length === 0 ? only[2] : [...before, ...runs.sort((a, b) => a[0] - b[0])];
    if (unsent.size > 0 && result.failure !== undefined && result.failure.class !== 'cluster') {
      this.#error ??= result.failure.code;
      this.#told = true;
    }
  }

  /** Undefined when there is nothing to tell. */
  mark(): Mark | undefined {
    const candidate = this.#candidate;
    const { row, vacant, gone, send, left } = candidate;
    for (const [partition, [low, high]] of vacant) this.#acks[partition] = [...ackedIds(row, partition), [low, high, NOTHING_SENT]];
    const nothingThere = [...send.keys()].some((p) => !this.#made.has(p) && !left.has(p));
    const first = send.size === 0 && partitionsLeft(row) === undefined;
    const done = this.#left.size === 0 && this.#tries.size === 0;
    if (!done && !first && this.#delivered === 0 && !this.#refused && !this.#told && vacant.size === 0 && gone.size === 0 && !nothingThere) return undefined;
    this.#acks.left = [...this.#left];
    if (candidate.absent.size > 0) this.#acks.absent = joinedRuns([...absentIds(row), ...[...candidate.absent].map((id): AbsentIds => [id, id])]);
    if (this.#tries.size > 0) this.#acks.refused = [...new Set([...this.#tries.values()].map((t) => t.partition))];
    else if (row.acks?.refused !== undefined) this.#acks.refused = [];
    const tries = this.#tries.size === 0 ? null : Object.fromEntries([...this.#tries].map(([id, t]) => [id, t.tries]));
    return { candidate, acks: this.#acks, delivered: this.#delivered, done, attempts: row.attempts + (this.#refused ? 1 : 0), tries, delayMs: this.#delayMs, error: this.#error, letters: this.#letters };
  }
}

/** The parts of acknowledged runs that lie in [from, to], each with the offset of its first message. */
function overlapping(runs: readonly AckedRun[], from: number, to: number): AckedRun[] {
  return runs
    .filter((r) => r.from <= to && r.to >= from)
    .map((r) => ({ from: Math.max(r.from, from), to: Math.min(r.to, to), base: r.base + Math.max(0, from - r.from) }));
}

/** The same runs, none of which reaches over one of these ids, which were not in the send: an item's offset follows from its rank in its run. */
function splitAround(runs: AckedRun[], idAt: (position: number) => number, ids: readonly number[]): AckedRun[] {
  if (ids.length === 0) return runs;
  const split: AckedRun[] = [];
  for (const run of runs) {
    let from = run.from;
    for (let position = run.from; position < run.to; position++) {
      if (!ids.some((id) => id > idAt(position) && id < idAt(position + 1))) continue;
      split.push({ from, to: position, base: run.base + from - run.from });
      from = position + 1;
    }
    split.push({ from, to: run.to, base: run.base + from - run.from });
  }
  return split;
}

/** The same ids as runs that neither touch nor overlap, ascending. */
function joinedRuns(runs: AbsentIds[]): AbsentIds[] {
  const joined: AbsentIds[] = [];
  for (const [low, high] of runs.sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else joined.push([low, high]);
  }
  return joined;
}
