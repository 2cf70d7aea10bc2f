import type { PoolHistory, PoolSample, PoolState } from '../../shared/contracts/pools.ts';

interface Point {
  /** Seconds since 1970. */
  at: number;
  state: PoolState;
  connections: number | null;
  pools: ReadonlyMap<string, readonly [active: number, waiting: number, max: number]>;
}

const HOUR_S = 3_600;
/** With one each five seconds at most, an hour of points; an answer with this many fits one message of NATS for 100 nodes. */
const LEAST_APART_S = 5;
const MOST_NODES = 100;

/** The last hour of the pools, in memory: 720 points at most, however often it is told, and 100 nodes. */
export class PoolHistoryKeeper {
  #points: Point[] = [];

  /** @param at seconds since 1970; what comes sooner than 5 s after the last point is left out */
  add(at: number, state: PoolState, connections: number | null, samples: readonly PoolSample[]): void {
    const last = this.#points.at(-1);
    // A clock that was set back begins anew: points in the future would never go.
    if (last !== undefined && at < last.at - LEAST_APART_S) this.#points = [];
    else if (last !== undefined && at - last.at < LEAST_APART_S - 0.5) return;
    const pools = new Map(samples.slice(0, MOST_NODES).map((s) => [s.node, [s.active, s.waiting, s.max] as const]));
    this.#points.push({ at: Math.round(at), state, connections, pools });
    this.#points = this.#points.filter((point) => at - point.at <= HOUR_S).slice(-HOUR_S / LEAST_APART_S);
  }

  /** What is known of the time since `now - ms`. */
  since(now: number, ms: number): PoolHistory {
    const points = this.#points.filter((point) => now - point.at <= ms / 1_000);
    const nodes = [...new Set(points.flatMap(({ pools }) => [...pools.keys()]))].sort().slice(0, MOST_NODES);
    const column = (node: string, place: 0 | 1 | 2) => points.map(({ pools }) => pools.get(node)?.[place] ?? null);
    return {
      at: points.map(({ at }) => at),
      state: points.map(({ state }) => state),
      connections: points.map(({ connections }) => connections),
      pools: nodes.map((node) => ({ node, active: column(node, 0), waiting: column(node, 1), max: column(node, 2) })),
    };
  }
}
