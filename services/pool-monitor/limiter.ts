import type { FlushClass, FlushesLimited, FlushesMeasured } from '../../shared/contracts/flush-limit.ts';
import { nextLimit, startLimit, type FlushLimit, type FlushLimitReason } from './flush-limit.ts';
import { shareOut } from './share-out.ts';

/** What the registry knows of those that flush. */
export interface FlushingFleet {
  edges: readonly string[];
  writers: readonly { slots: number; most: number }[];
}

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

/** An edge that said nothing for so many rounds is idle. */
const SILENT_ROUNDS = 3;

/** Decides, round by round, how many flushes the fleet has in flight, and how large chunks may be. */
export class Limiter {
  readonly #tools: LimiterTools;
  #state: FlushLimit | undefined;
  /** By edge, what it told last, and how many rounds ago. */
  readonly #told = new Map<string, { said: FlushesMeasured; rounds: number }>();

  constructor(tools: LimiterTools) {
    this.#tools = tools;
  }

  /** Takes what an edge tells. */
  measured(said: FlushesMeasured): void {
    this.#told.set(said.edge, { said, rounds: 0 });
  }

  /** One round; undefined while there is nobody to decide for. */
  round({ edges, writers }: FlushingFleet): FlushesLimited | undefined {
    if (edges.length === 0 || writers.length === 0) return undefined;
    const { decider, validMs, bounds, onDecision } = this.#tools;
    const slots = writers.reduce((sum, one) => sum + one.slots, 0);
    const most = writers.reduce((sum, one) => sum + one.most, 0);
    const limits = bounds();
    this.#state ??= startLimit(slots, limits.maxRows);
    const heard = this.#heard(edges);
    const fresh = heard.filter(({ rounds }) => rounds === 0).map(({ said }) => said);
    const classes = fresh.flatMap((one) => one.classes);
    const inFlight = fresh.reduce((sum, one) => sum + one.inFlight, 0);
    const minLimit = Math.max(1, fresh.length);
    const { state, reason, queued } = nextLimit(this.#state, { classes, inFlight }, { minLimit, maxLimit: Math.max(minLimit, most), ...limits });
    if (classes.length > 0) onDecision({ limit: state.limit, maxRows: state.maxRows, reason, queued, inFlight, classes });
    this.#state = state;
    const wanting = new Set(heard.filter(({ said }) => said.wanting).map(({ said }) => said.edge));
    for (const one of this.#told.values()) one.rounds++;
    const open = state.before === undefined ? state.limit : 0;
    return { decider, shares: shareOut(open, [...edges].sort().map((edge) => ({ edge, wanting: wanting.has(edge) }))), maxRows: state.maxRows, validMs };
  }

  /** Another node decides now, or nobody: the next round begins anew. */
  forget(): void {
    this.#state = undefined;
    this.#told.clear();
  }

  #heard(edges: readonly string[]) {
    for (const [edge, { rounds }] of this.#told) if (rounds >= SILENT_ROUNDS || !edges.includes(edge)) this.#told.delete(edge);
    return [...this.#told.values()];
  }
}
