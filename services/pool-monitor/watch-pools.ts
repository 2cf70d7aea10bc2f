import type { PoolSample, PoolsBudget, PoolsJudged, PoolsReport, PostgresView } from '../../shared/contracts/pools.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { AdmissionJudge } from './judge-admission.ts';
import { judgePool, stateFigure, worstState, type PoolJudgement } from './judge-pool.ts';
import { PoolHistoryKeeper } from './pool-history.ts';
import { forgetPostgres, rememberSamples, tellPostgres } from './tell-samples.ts';

export interface PoolsWatchTools {
  monitor: string;
  intervalMs: number;
  /** Asks every node for its pool. */
  sample: () => Promise<{ answers: PoolSample[]; silent: string[] }>;
  /** Asks PostgreSQL for its own view, and for what the fleet may have of its connections. */
  view: () => Promise<[Omit<PostgresView, 'state'>, PoolsBudget]>;
  admission: AdmissionJudge;
  /** Tells the edges what they may admit. */
  tell: (judged: PoolsJudged) => void;
  metrics: Pick<Metrics, 'set' | 'forget'>;
  /** Monotonic ms. */
  now: () => number;
  /** ms since 1970. */
  wallClock: () => number;
  onSilent: (nodes: string[]) => void;
  /** PostgreSQL did not tell. */
  onBlind: (error: unknown) => void;
  onChange: (change: { node: string; from: string; to: string; sample: PoolSample }) => void;
}

/** PostgreSQL's judgement stands among those of the nodes under this name, which is no node's. */
const POSTGRES = 'PostgreSQL itself';
/** What edges were told holds for so many rounds; a round takes up to the time that silent nodes are waited for. */
const VALID_ROUNDS = 3;
const VALID_GRACE_MS = 6_000;

/** Watches every pool of the fleet, and PostgreSQL's own connections, round by round. */
export class PoolsWatch {
  readonly #tools: PoolsWatchTools;
  readonly #samples = new Map<string, PoolSample>();
  readonly #judgements = new Map<string, PoolJudgement>();
  readonly #history = new PoolHistoryKeeper();
  #report: PoolsReport | undefined;

  constructor(tools: PoolsWatchTools) {
    this.#tools = tools;
  }

  /** The last samples, by node. */
  get samples(): ReadonlyMap<string, PoolSample> {
    return this.#samples;
  }

  /** Samples and judges all once; a part that does not answer is told as silent, and costs the others nothing. */
  async round(): Promise<void> {
    const { sample, view, metrics, monitor, intervalMs, wallClock, admission, now } = this.#tools;
    const [{ answers, silent }, [seen, budget] = []] = await Promise.all([sample(), view().catch((error: unknown) => void this.#tools.onBlind(error))]);
    if (silent.length > 0) this.#tools.onSilent(silent);
    admission.sampled(answers, now());
    this.tellEdges();
    rememberSamples(this.#samples, answers, metrics);
    const pools = [...this.#samples.values()].sort((a, b) => (a.node < b.node ? -1 : 1)).map((one) => ({ ...one, state: this.#judge(one) }));
    const postgres = seen === undefined ? null : { ...seen, state: this.#judgePostgres(seen) };
    const state = worstState([...pools.map((one) => one.state), ...(postgres === null ? [] : [postgres.state])]);
    if (postgres === null || budget === undefined) forgetPostgres(metrics);
    else tellPostgres(metrics, postgres, budget);
    for (const node of this.#judgements.keys()) if (node !== POSTGRES && !this.#samples.has(node)) this.#judgements.delete(node);
    const at = wallClock();
    this.#history.add(at / 1_000, state, postgres?.connections ?? null, answers);
    this.#report = { state, at: new Date(at).toISOString(), monitor, intervalMs, pools, silent, postgres, budget: budget ?? null, breakers: admission.breakers };
  }

  /** Tells the edges what they may admit; nothing where another node judges. */
  tellEdges(): void {
    const { admission, tell, now, intervalMs } = this.#tools;
    const breakers = admission.judged(now());
    if (breakers.length > 0) tell({ breakers, validMs: intervalMs * VALID_ROUNDS + VALID_GRACE_MS });
  }

  /** What the last round found; undefined before the first. `historyMs`: with the course so far back. */
  report(historyMs?: number): PoolsReport | undefined {
    if (this.#report === undefined || historyMs === undefined) return this.#report;
    return { ...this.#report, history: this.#history.since(this.#tools.wallClock() / 1_000, historyMs) };
  }

  /** Another node watches now: its series tell. */
  forget(): void {
    rememberSamples(this.#samples, [], this.#tools.metrics);
    forgetPostgres(this.#tools.metrics);
    this.#judgements.clear();
    this.#tools.admission.forget();
    this.#report = undefined;
  }

  #judge(sample: PoolSample) {
    const { node } = sample;
    const before = this.#judgements.get(node);
    const judged = judgePool(before, sample);
    this.#judgements.set(node, judged);
    this.#tools.metrics.set('pool_state', { node }, stateFigure(judged.state));
    const from = before?.state ?? 'HEALTHY';
    if (from !== judged.state) this.#tools.onChange({ node, from, to: judged.state, sample });
    return judged.state;
  }

  /** Of PostgreSQL itself: who finds no connection there is refused, so from 0.90 somebody counts as waiting. */
  #judgePostgres({ utilization }: Pick<PostgresView, 'utilization'>) {
    const judged = judgePool(this.#judgements.get(POSTGRES), { utilization, waiting: 1 });
    this.#judgements.set(POSTGRES, judged);
    return judged.state;
  }
}
