import type { FlushClass, FlushesLimited, FlushesMeasured } from '../../shared/contracts/flush-limit.ts';
import type { WriterNode } from '../../shared/runtime/fleet.ts';
import { nextLimit, startLimit, type FlushLimit, type FlushLimitReason } from './flush-limit.ts';
import { shareOut } from './share-out.ts';

/** One decision, with what it follows from. */
export interface FlushDecision {
  limit: number;
  maxRows: number;
  reason: FlushLimitReason;
  queued: number;
  inFlight: number;
  classes: readonly FlushClass[];
}

export interface LimiterTools {
  decider: string;
  validMs: number;
  /** Rows that a chunk has at least, and at most, and the time from which a flush is slow: as the settings say now. */
  bounds: () => { minRows: number; maxRows: number; slowMs: number };
  onDecision: (decision: FlushDecision) => void;
}

/** A writer whose word is older is idle: words and rounds come as often, but not in step. */
const SILENT_ROUNDS = 2;

/** Decides, round by round, how many flushes the fleet has in flight, and how large chunks may be. */
export class Limiter {
  readonly #tools: LimiterTools;
  #state: FlushLimit | undefined;
  /** By writer, what it told last, and how many rounds ago. */
  readonly #told = new Map<string, { said: FlushesMeasured; rounds: number }>();

  constructor(tools: LimiterTools) {
    this.#tools = tools;
  }

  /** Takes what a writer tells. */
  measured(said: FlushesMeasured): void {
    this.#told.set(said.writer, { said, rounds: 0 });
  }

  /** One round; undefined while there is nobody to decide for. */
  round(writers: readonly WriterNode[]): FlushesLimited | undefined {
    if (writers.length === 0) return undefined;
    const { decider, validMs, bounds, onDecision } = this.#tools;
    const sum = (of: (one: WriterNode) => number) => writers.reduce((all, one) => all + of(one), 0);
    const limits = bounds();
    this.#state ??= startLimit(sum(({ slots }) => slots), limits.maxRows);
    for (const [nodeId, { rounds }] of this.#told) if (rounds >= SILENT_ROUNDS || !writers.some((one) => one.nodeId === nodeId)) this.#told.delete(nodeId);
    const heard = [...this.#told.values()];
    const classes = bySize(heard.flatMap(({ said, rounds }) => (rounds === 0 ? said.classes : [])));
    const inFlight = heard.reduce((all, { said }) => all + said.inFlight, 0);
    for (const one of heard) one.rounds++;
    const { state, reason, queued, maxRows } = nextLimit(this.#state, { classes, inFlight }, { writers: writers.length, maxLimit: sum(({ most }) => most), ...limits });
    if (classes.length > 0) onDecision({ limit: state.limit, maxRows, reason, queued, inFlight, classes });
    this.#state = state;
    return { decider, writers: shareOut(state.limit, [...writers].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))), maxRows, validMs };
  }

  /** Another node decides now, or nobody: the next round begins anew. */
  forget(): void {
    this.#state = undefined;
    this.#told.clear();
  }
}

/** What several writers saw of flushes of the same size, as one: the mean of their medians over all flushes. */
function bySize(classes: readonly FlushClass[]): FlushClass[] {
  const all = new Map<number, FlushClass>();
  for (const { size, flushes, ms } of classes) {
    const before = all.get(size) ?? { flushes: 0, ms: 0 };
    const sum = before.flushes + flushes;
    all.set(size, { size, flushes: sum, ms: (before.ms * before.flushes + ms * flushes) / sum });
  }
  return [...all.values()];
}
