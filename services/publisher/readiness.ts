import type { Settings } from '../../shared/config/settings.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { backoffMs } from './backoff.ts';
import { BREAKER_FIGURE, type Breaker } from '../../shared/runtime/breaker.ts';
import type { PartitionResult, Sink, SinkFailure } from './sink.ts';

export interface ReadinessOptions {
  sink: Sink;
  /** The one of the sink's cluster: all its sinks share it. */
  breaker: Breaker;
  settings: Settings;
  metrics: Metrics;
  log: Logger;
  now: () => number;
  random: () => number;
}

/** How often a sink that works is looked at, for what its sends don't show, such as another partition count. */
const RECHECK_MS = 10_000;

/**
 * Whether a sink can be sent to: its cluster's breaker, and the last check of its configuration. The check, which asks for the
 * topic's metadata, is the breaker's probe as well. Neither costs any message a try.
 */
export class Readiness {
  readonly #o: ReadinessOptions;
  readonly breaker: Breaker;
  #checked = false;
  #checkedAt = 0;
  #nextCheck = 0;
  #misfits = 0;
  #why: string | undefined = 'The sink was not reached yet.';
  #away: string | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: ReadinessOptions) {
    this.#o = options;
    this.breaker = options.breaker;
  }

  /** Why nothing is sent; undefined while all is well. */
  get why(): string | undefined {
    if (this.breaker.state === 'closed') return this.#why;
    if (this.breaker.tripped) return `An operator opened the breaker of ${this.#o.sink.cluster}: what is due waits in the ledger until \`sluice breakers reset ${this.#o.sink.cluster}\`.`;
    return this.#away ?? `${this.#o.sink.cluster} does not answer. What is due waits in the ledger and is sent when it does.`;
  }

  /** Whether a send may begin; checks the sink first where that is due. */
  async ready(): Promise<boolean> {
    const now = this.#o.now();
    if (this.#checked && this.breaker.state === 'closed') {
      if (now - this.#checkedAt > RECHECK_MS) void this.#check();
      return true;
    }
    const open = this.breaker.state !== 'closed';
    if (open) this.#show();
    if (open ? this.breaker.takeProbe(now) : now >= this.#nextCheck) await this.#check();
    else if (open) this.#o.metrics.count('relay_breaker_rejections_total', { cluster: this.#o.sink.cluster });
    return this.#checked && this.breaker.state === 'closed';
  }

  /** Waits for a check that runs. */
  async settle(): Promise<void> {
    await this.#checking;
  }

  /** What a send's results say of the cluster and the configuration. */
  learn(results: readonly PartitionResult[]): void {
    const failures = results.flatMap((r) => r.failure ?? []);
    const away = failures.filter((f) => f.class === 'cluster');
    // Any answer, an error too, says that the cluster is there.
    if (away[0] !== undefined && away.length === results.length) this.#failed(away[0]);
    else if (results.length > 0) this.breaker.answered();
    const misfit = failures.find((f) => f.class === 'configuration');
    if (misfit !== undefined) this.#misfit(misfit);
    this.#show();
  }

  /** One check at a time. */
  #check(): Promise<void> {
    this.#checking ??= this.#runCheck().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #runCheck(): Promise<void> {
    const { sink, now, log } = this.#o;
    const result = await sink.check();
    this.#checkedAt = now();
    if (result.ready) {
      this.breaker.answered();
      if (!this.#checked || this.#why !== undefined || this.#away !== undefined) log.info({ sink: sink.name }, 'the sink can be sent to');
      this.#checked = true;
      this.#misfits = 0;
      this.#why = undefined;
      this.#away = undefined;
    } else if (result.failure.class === 'cluster') {
      this.#failed(result.failure);
    } else {
      this.breaker.answered();
      this.#misfit(result.failure);
    }
    this.#show();
  }

  #failed(failure: SinkFailure): void {
    const { now, log, sink, metrics } = this.#o;
    metrics.count('relay_breaker_failures_total', { cluster: sink.cluster });
    this.breaker.failed(now());
    if (this.breaker.state !== 'open') return;
    const away = `${sink.name} does not answer (${failure.code}: ${failure.message}). What is due waits in the ledger and is sent when it does.`;
    if (this.#away !== away) log.warn({ sink: sink.name, cluster: sink.cluster, code: failure.code, reason: failure.message }, 'the sink does not answer: breaker open');
    this.#away = away;
  }

  #misfit(failure: SinkFailure): void {
    const { now, random, settings, log, sink } = this.#o;
    this.#checked = false;
    this.#misfits += 1;
    this.#nextCheck = now() + backoffMs(this.#misfits, settings, random());
    if (this.#why !== failure.message) log.error({ sink: sink.name, code: failure.code, reason: failure.message }, 'nothing can be sent to the sink until this is mended');
    this.#why = failure.message;
  }

  #show(): void {
    this.#o.metrics.set('relay_breaker_state', { cluster: this.#o.sink.cluster }, BREAKER_FIGURE[this.breaker.state]);
  }
}
