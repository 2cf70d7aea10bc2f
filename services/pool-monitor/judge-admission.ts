import type { PoolsBreaker, PoolSample, PoolsJudged } from '../../shared/contracts/pools.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { BREAKER_FIGURE, type BreakerLimits, type BreakerState, type BreakerSwitch } from '../../shared/runtime/breaker.ts';
import { PoolBreaker } from './pool-breaker.ts';

export interface AdmissionJudgeTools {
  limits: BreakerLimits;
  metrics: Pick<Metrics, 'set' | 'forget' | 'count'>;
  onChange: (change: { pools: string; from: string; to: string }) => void;
  /** An operator opened or reset it: those who go by it are to hear of it. */
  onSwitch: () => void;
}

/** The breaker of all writers' pools together; no node has this name. */
const WRITERS = 'writers';

/** Keeps an admission breaker for the writers' pools together, and one for each edge's own: relays only deliver later. */
export class AdmissionJudge implements BreakerSwitch {
  readonly #tools: AdmissionJudgeTools;
  readonly #breakers = new Map<string, PoolBreaker>();
  #tripped = false;

  constructor(tools: AdmissionJudgeTools) {
    this.#tools = tools;
  }

  /** Takes the samples of a round; `now` in monotonic ms. */
  sampled(samples: readonly PoolSample[], now: number): void {
    const groups = new Map<string, PoolSample[]>([[WRITERS, samples.filter(({ services }) => services.includes('writer'))]]);
    for (const sample of samples) if (sample.services.includes('batcher')) groups.set(sample.node, [sample]);
    for (const [name, group] of groups) this.#judge(name, group, now);
    for (const name of this.#breakers.keys()) if (!groups.has(name)) this.#drop(name);
  }

  /** Of the writers' pools together: what concerns every edge. */
  get state(): BreakerState {
    return this.#breakers.get(WRITERS)?.state ?? (this.#tripped ? 'open' : 'closed');
  }
  get tripped(): boolean {
    return this.#tripped;
  }
  trip(): void {
    this.#tripped = true;
    this.#breakers.get(WRITERS)?.trip();
    this.#tools.onSwitch();
  }
  reset(): void {
    this.#tripped = false;
    for (const breaker of this.#breakers.values()) breaker.reset();
    this.#tools.onSwitch();
  }

  get breakers(): PoolsBreaker[] {
    return [...this.#breakers].map(([pools, { state, bad }]) => ({ pools, state, bad }));
  }

  /** What is told to the edges. `now` in monotonic ms. */
  judged(now: number): PoolsJudged['breakers'] {
    return [...this.#breakers].map(([pools, breaker]) => ({ pools, state: breaker.state, bad: breaker.bad, retryInMs: Math.ceil(breaker.retryInMs(now)) }));
  }

  /** Another node judges now. */
  forget(): void {
    for (const name of [...this.#breakers.keys()]) this.#drop(name);
  }

  #judge(name: string, group: readonly PoolSample[], now: number): void {
    const { limits, metrics, onChange } = this.#tools;
    let breaker = this.#breakers.get(name);
    if (breaker === undefined) this.#breakers.set(name, (breaker = new PoolBreaker(limits)));
    if (this.#tripped && name === WRITERS) breaker.trip();
    const from = breaker.state;
    if (breaker.sampled(group, now)) metrics.count('pool_breaker_failures_total', { node: name });
    const to = breaker.state;
    metrics.set('pool_breaker_state', { node: name }, BREAKER_FIGURE[to]);
    if (from === to) return;
    if (to === 'open') metrics.count('pool_breaker_openings_total', { node: name });
    onChange({ pools: name, from, to });
  }

  #drop(name: string): void {
    this.#breakers.delete(name);
    this.#tools.metrics.forget('pool_breaker_state', { node: name });
  }
}
