import { every, type Loop } from '../../shared/runtime/every.ts';
import type { HealthPart } from '../../shared/runtime/health.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { LedgerStore } from './ledger-store.ts';
import type { DeadLetterMirror } from './dead-letter-mirror.ts';
import type { RelayLoop } from './relay-loop.ts';
import type { Replayer } from './replayer.ts';
import type { ShardLeases } from './shard-leases.ts';
import type { Sink } from './sink.ts';

const GAUGES_MS = 5_000;
/** A lease is renewed when so much of it has passed. */
const RENEW_SHARE = 0.3;

export interface SinkRelayParts {
  sink: Sink;
  leases: ShardLeases;
  store: LedgerStore;
  loop: RelayLoop;
  replayer: Replayer;
  /** Undefined where the sink has no place for a copy. */
  mirror: DeadLetterMirror | undefined;
  metrics: Metrics;
  log: Logger;
  pollMs: number;
  leaseMs: number;
}

/** All that delivers to one sink, started and stopped together: leases, loop, replays, the dead letters' mirror, gauges. */
export class SinkRelay {
  readonly #p: SinkRelayParts;
  readonly #rounds: Loop[];
  #started: Promise<void> | undefined;

  constructor(parts: SinkRelayParts) {
    this.#p = parts;
    // From the start, so that the first one is seen as an increase.
    parts.metrics.count('relay_exhausted_messages_total', { sink: parts.sink.name }, 0);
    const report = (what: string) => (error: unknown) => parts.log.warn({ err: error, sink: parts.sink.name }, what);
    this.#rounds = [
      every(Math.ceil(parts.leaseMs * RENEW_SHARE), () => this.#leaseRound(), report('leases could not be renewed')),
      every(parts.pollMs, async () => parts.loop.wake(), report('the poll failed')),
      every(GAUGES_MS, () => this.#gauges(), report('the gauges of delivery could not be read')),
    ];
  }

  /** Resolves when the first round of leases is over. PostgreSQL may be away: the rounds go on. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Finishes what is in flight, gives the shards back, lets go of the sink. */
  async stop(): Promise<void> {
    if (this.#started === undefined) return;
    await this.#started;
    this.#started = undefined;
    const { loop, leases, sink, log, replayer, mirror } = this.#p;
    await this.#rounds[1]?.stop();
    await replayer.stop();
    await loop.stop();
    await mirror?.stop();
    await Promise.all(this.#rounds.map((r) => r.stop()));
    await leases.leave().catch((error: unknown) => log.warn({ err: error, sink: sink.name }, 'the shards could not be given back; others take them when the lease ends'));
    await sink.close();
  }

  wake(): void {
    this.#p.loop.wake();
  }

  /** Gives a shard to whoever is to have it; whether it is given back. */
  async giveShard(shard: number): Promise<boolean> {
    return this.#p.leases.give(shard);
  }

  /** Takes a shard that was given back; whether it could. */
  async takeShard(shard: number): Promise<boolean> {
    const taken = await this.#p.leases.takeOver(shard);
    this.#p.loop.wake();
    return taken;
  }

  status(): HealthPart {
    return this.#p.loop.status();
  }

  async #start(): Promise<void> {
    const { loop, log, sink, replayer, mirror } = this.#p;
    await this.#leaseRound().catch((error: unknown) => log.warn({ err: error, sink: sink.name }, 'no shards could be taken yet'));
    loop.start();
    replayer.start();
    mirror?.start();
    for (const round of this.#rounds) round.start();
  }

  async #leaseRound(): Promise<void> {
    const { leases, loop, metrics, sink } = this.#p;
    await leases.round();
    metrics.set('relay_shards_owned', { sink: sink.name }, leases.owned.length);
    loop.wake();
  }

  async #gauges(): Promise<void> {
    const { leases, store, metrics, sink } = this.#p;
    const { records, lagSeconds, deadLetters } = await store.waiting(leases.owned.map((s) => s.shard));
    metrics.set('relay_shards_unowned', { sink: sink.name }, await leases.unowned());
    metrics.set('relay_waiting_items', { sink: sink.name }, records);
    metrics.set('relay_lag_seconds', { sink: sink.name }, lagSeconds);
    metrics.set('relay_dead_letters', { sink: sink.name }, deadLetters);
  }
}
