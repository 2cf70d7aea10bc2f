import type { Pool } from 'pg';
import { runStatement } from '../../shared/db/run-statement.ts';
import { FREE_SHARDS, RELEASE_SHARDS, REMOVE_MEMBER, RENEW_MEMBER, RENEW_SHARDS, SEED_SHARDS, TAKE_SHARDS } from '../../shared/db/queries/relay-shards.ts';
import type { NamedStatement } from '../../shared/db/queries/flush.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { balanceShards } from './balance-shards.ts';

/** A shard this relay owns. Times are of this process' monotonic clock, in ms. */
export interface OwnedShard {
  readonly shard: number;
  readonly epoch: number;
  /** Before this, a send of the owner before may still arrive. */
  sendFrom: number;
  leaseUntil: number;
  inFlight: boolean;
  /** To be given back as soon as nothing is in flight. */
  leaving: boolean;
  /** Handed over to this relay by an operator. */
  askedFor: boolean;
  /** Until then something that was sent may still arrive, although nobody waits for it any more. */
  unsettledUntil: number;
  lastTaken: number;
  /** Nothing is looked for before this. */
  restUntil: number;
}

export interface LeaseOptions {
  pool: Pool;
  sink: string;
  node: string;
  shards: number;
  leaseMs: number;
  /** How long the shards of an owner that vanished rest before they are sent from again. */
  quarantineMs: number;
  statementTimeoutMs: number;
  now: () => number;
  random: () => number;
  log: Logger;
  /** Whether this relay is to own nothing: it hands over what it has. */
  drained?: () => boolean;
}

/** A relay that handed a shard over leaves it alone for so many leases. */
const HANDED_OVER_LEASES = 2;

/**
 * The shards of one sink that this relay owns: by lease with an epoch in `relay_shard`, spread evenly over the relays that
 * live. A relay that may have lost its lease sends nothing: the lease is counted from before its renewal was asked for.
 */
export class ShardLeases {
  readonly #o: LeaseOptions;
  readonly #owned = new Map<number, OwnedShard>();
  /** Shards that were handed over, and until when they are left alone; monotonic ms. */
  readonly #handedOver = new Map<number, number>();
  #seeded = false;

  constructor(options: LeaseOptions) {
    this.#o = options;
  }

  get owned(): readonly OwnedShard[] {
    return [...this.#owned.values()];
  }

  /** How many shards of the sink nobody owns. */
  async unowned(): Promise<number> {
    return (await this.#run(FREE_SHARDS, [this.#o.sink, this.#o.leaseMs])).length;
  }

  /** Whether a send for this shard may begin now. */
  holds(shard: OwnedShard): boolean {
    return this.#owned.get(shard.shard) === shard && this.#o.now() < shard.leaseUntil;
  }

  /** Shards that may be taken from now, those that waited longest first. */
  available(): OwnedShard[] {
    const now = this.#o.now();
    return this.owned
      .filter((s) => !s.inFlight && !s.leaving && now >= s.sendFrom && now >= s.restUntil && now < s.leaseUntil)
      .sort((a, b) => a.lastTaken - b.lastTaken);
  }

  /** One round: says that we live, renews, gives back what is too much, takes what is missing. */
  async round(): Promise<void> {
    const { sink, node, shards, leaseMs, now } = this.#o;
    if (!this.#seeded) await this.#run(SEED_SHARDS, [sink, shards]);
    this.#seeded = true;
    if (this.#o.drained?.() === true) {
      await this.#renew(); // what is in flight is finished under its lease
      return this.leave();
    }
    const living = Number((await this.#run(RENEW_MEMBER, [sink, node, leaseMs]))[0]?.[0] ?? 1);
    await this.#renew();
    const stable = this.owned.filter((s) => !s.leaving);
    const { giveBack, take } = balanceShards(stable.length, shards, living);
    // The quiet ones first: they can go at once. What was asked for stays.
    for (const shard of stable.sort((a, b) => Number(a.askedFor) - Number(b.askedFor) || Number(a.inFlight) - Number(b.inFlight)).slice(0, giveBack)) shard.leaving = true;
    await this.releaseLeaving();
    if (take === 0) return;
    const free = (await this.#run(FREE_SHARDS, [sink, leaseMs])).map(([shard]) => Number(shard));
    for (const [shard, until] of this.#handedOver) if (now() >= until) this.#handedOver.delete(shard);
    const wanted = shuffled(free.filter((shard) => !this.#handedOver.has(shard)), this.#o.random).slice(0, take);
    if (wanted.length === 0) return;
    await this.#take(wanted, false);
    this.#o.log.info({ sink, living, owned: this.#owned.size }, 'shards taken');
  }

  /** Gives a shard back as soon as nothing of it is in flight, and leaves it alone for a while. Whether it is given back now; call it again where not. */
  async give(shard: number): Promise<boolean> {
    const owned = this.#owned.get(shard);
    this.#handedOver.set(shard, this.#o.now() + this.#o.leaseMs * HANDED_OVER_LEASES);
    if (owned === undefined) return true;
    owned.leaving = true;
    await this.releaseLeaving();
    return !this.#owned.has(shard);
  }

  /** Takes a shard that nobody owns, beyond this relay's part if need be: another one is given back then. Whether it could. */
  async takeOver(shard: number): Promise<boolean> {
    this.#handedOver.delete(shard);
    await this.#take([shard], true);
    return this.#owned.has(shard);
  }

  async #take(wanted: readonly number[], askedFor: boolean): Promise<void> {
    const { sink, node, leaseMs, now } = this.#o;
    const asked = now();
    for (const [shard, epoch, givenBack] of await this.#run(TAKE_SHARDS, [sink, node, wanted, leaseMs])) {
      const sendFrom = givenBack === true ? asked : now() + this.#o.quarantineMs;
      this.#owned.set(Number(shard), {
        shard: Number(shard), epoch: Number(epoch), sendFrom, leaseUntil: asked + leaseMs,
        inFlight: false, leaving: false, askedFor, unsettledUntil: 0, lastTaken: 0, restUntil: 0,
      });
    }
  }

  /** Gives back the shards that are to leave and have nothing in flight. */
  async releaseLeaving(): Promise<void> {
    const now = this.#o.now();
    const idle = this.owned.filter((s) => s.leaving && !s.inFlight);
    if (idle.length === 0) return;
    for (const { shard } of idle) this.#owned.delete(shard);
    const clean = idle.map((s) => now >= s.unsettledUntil && now >= s.sendFrom);
    await this.#run(RELEASE_SHARDS, [this.#o.sink, this.#o.node, idle.map((s) => s.shard), idle.map((s) => s.epoch), clean]);
    this.#o.log.info({ sink: this.#o.sink, given: idle.length, owned: this.#owned.size }, 'shards given back');
  }

  /** Gives everything back; sends must have ended. */
  async leave(): Promise<void> {
    for (const shard of this.#owned.values()) shard.leaving = true;
    await this.releaseLeaving();
    await this.#run(REMOVE_MEMBER, [this.#o.sink, this.#o.node]);
  }

  async #renew(): Promise<void> {
    const { sink, node, leaseMs, now, log } = this.#o;
    const mine = this.owned;
    if (mine.length === 0) return;
    const asked = now();
    const kept = new Set((await this.#run(RENEW_SHARDS, [sink, node, mine.map((s) => s.shard), mine.map((s) => s.epoch), leaseMs])).map(([shard]) => Number(shard)));
    for (const shard of mine) {
      if (kept.has(shard.shard)) shard.leaseUntil = asked + leaseMs;
      else if (this.#owned.get(shard.shard) === shard) {
        this.#owned.delete(shard.shard);
        log.warn({ sink, shard: shard.shard, epoch: shard.epoch }, 'shard lost: another relay took it after the lease ended');
      }
    }
  }

  #run(statement: NamedStatement, values: unknown[]): Promise<unknown[][]> {
    return runStatement(this.#o.pool, statement, values, this.#o.statementTimeoutMs);
  }
}

/** Relays that look at the same moment should not want the same shards. */
function shuffled(list: readonly number[], random: () => number): number[] {
  return list.map((value) => ({ value, order: random() })).sort((a, b) => a.order - b.order).map((x) => x.value);
}
