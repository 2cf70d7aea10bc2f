import type { Pool } from 'pg';
import { RELEASE_LETTERS, RUNNING_REPLAYS } from '../../shared/db/queries/dead-letter-replay.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import type { Logger } from '../../shared/runtime/log.ts';

/** How often replays are looked for, in ms. */
const LOOK_MS = 500;
/** Longest sleep while a replay runs, so that stopping it, or the relay, is soon noticed. */
const LONGEST_SLEEP_MS = 250;
/** Dead letters that one statement releases. */
const MOST_AT_ONCE = 500;

export interface ReplayerOptions {
  pool: Pool;
  sink: string;
  node: string;
  leaseMs: number;
  statementTimeoutMs: number;
  metrics: Metrics;
  log: Logger;
  /** Called when something was released. */
  released: () => void;
}

/** How many dead letters are released at once, and how long after them no others. */
export interface Pace {
  letters: number;
  everyMs: number;
}

/** The pace that comes close to `rate` a second, and never above it in any second, smoothly: about ten times a second. */
export function replayPace(rate: number): Pace {
  const letters = Math.min(MOST_AT_ONCE, Math.max(1, Math.floor(rate / 10)));
  return { letters, everyMs: Math.ceil(1_000 / Math.floor(rate / letters)) };
}

/**
 * Carries out the replays of one sink: releases dead letters at their rate, as rows of the ledger, which the shards' owners send.
 * A replay belongs to one relay at a time, by lease; all its progress is in its row, so that it survives its relay.
 */
export class Replayer {
  readonly #o: ReplayerOptions;
  readonly #looks: Loop;
  #on = false;

  constructor(options: ReplayerOptions) {
    this.#o = options;
    this.#looks = every(LOOK_MS, () => this.#carryOut(), (error) => options.log.warn({ err: error, sink: options.sink }, 'replays could not be carried on; tried again'));
  }

  start(): void {
    this.#on = true;
    this.#looks.start();
  }

  /** Waits for the statement that runs; others take the replays over when the leases end. */
  async stop(): Promise<void> {
    this.#on = false;
    await this.#looks.stop();
  }

  /** Until none of the running replays is ours to carry on. */
  async #carryOut(): Promise<void> {
    for (;;) {
      let sleepMs = Infinity;
      for (const [id, rate] of this.#on ? await this.#run(RUNNING_REPLAYS, [this.#o.sink, this.#o.node, this.#o.leaseMs]) : []) {
        const pace = replayPace(Number(rate));
        if (await this.#release(id as string, pace)) sleepMs = Math.min(sleepMs, pace.everyMs, LONGEST_SLEEP_MS);
      }
      if (!this.#on || sleepMs === Infinity) return;
      await new Promise((resolve) => setTimeout(resolve, sleepMs));
    }
  }

  /** Whether the replay goes on, here. */
  async #release(id: string, { letters, everyMs }: Pace): Promise<boolean> {
    const { sink, node, leaseMs, metrics, log, released } = this.#o;
    const [row] = await this.#run(RELEASE_LETTERS, [id, node, leaseMs, letters, everyMs]);
    if (row === undefined) return false;
    const [count, state] = row as [number, string];
    if (count > 0) {
      metrics.count('relay_replayed_total', { sink }, count);
      released();
    }
    if (state === 'done') log.info({ sink, replay: id }, 'a replay is done: all that it released is settled');
    return state === 'running';
  }

  #run(statement: typeof RELEASE_LETTERS, values: unknown[]): Promise<unknown[][]> {
    return runStatement(this.#o.pool, statement, values, this.#o.statementTimeoutMs);
  }
}
