import type { Settings } from '../../shared/config/settings.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { HealthPart } from '../../shared/runtime/health.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { Tracing } from '../../shared/tracing/tracing.ts';
import type { Breaker } from '../../shared/runtime/breaker.ts';
import { UnknownKind, type LedgerStore, type Records, type ReplayedLetter } from './ledger-store.ts';
import type { LedgerRow } from './ledger-row.ts';
import { marksOf, type Mark } from './marks.ts';
import { PartitionRests } from './partition-rests.ts';
import { assembleSend, pickMessages, type Send, type Telling } from './plan-send.ts';
import { traceSend } from './trace-send.ts';
import { putRefused } from './put-refused.ts';
import { Readiness } from './readiness.ts';
import { SendSlots } from './send-slots.ts';
import type { OwnedShard, ShardLeases } from './shard-leases.ts';
import type { Outgoing, PartitionResult, Sink } from './sink.ts';

export interface LoopOptions {
  sink: Sink;
  leases: ShardLeases;
  store: LedgerStore;
  /** Whether a later version has a ledger row of its own, so that an older one need not be sent. */
  laterVersionsFollow: (kind: string) => boolean;
  tellingOf: (kind: string) => Telling;
  breaker: Breaker;
  settings: Settings;
  node: string;
  metrics: Metrics;
  log: Logger;
  /** Undefined where traces are told to nobody. */
  tracing?: Tracing | undefined;
  now: () => number;
  random: () => number;
}

/** At least so many rows are asked for, whatever the slices' usual size. */
const LEAST_ROWS = 64;
const MARK_RETRY_MS = 100;
/** Sends that are loaded or marked meanwhile, so that the sink never waits for PostgreSQL. */
const AHEAD = 2;

/**
 * Ledger to one sink: takes due rows of owned shards, sends, marks. Several sends at once, never two of one shard. No
 * transaction is open while the sink is talked to. Woken by `wake`: a nudge, the end of a send, the poll.
 */
export class RelayLoop {
  readonly #o: LoopOptions;
  readonly #rests: PartitionRests;
  readonly readiness: Readiness;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #slots: SendSlots;
  #on = false;
  #pumping: Promise<void> | undefined;
  #again = false;
  /** Messages of a ledger row, as the last takes had them. */
  #messagesPerRow = 100;
  #trouble: string | undefined;
  #unknownKind: string | undefined;

  constructor(options: LoopOptions) {
    this.#o = options;
    this.#rests = new PartitionRests(options.settings, options.random);
    this.readiness = new Readiness(options);
    this.#slots = new SendSlots(options.settings.relaySendsInFlight);
  }

  start(): void {
    this.#on = true;
    this.wake();
  }

  /** Finishes the sends in flight. */
  async stop(): Promise<void> {
    this.#on = false;
    await this.#pumping;
    await Promise.all(this.#inFlight);
    await this.readiness.settle();
  }

  /** There may be work. Cheap; may be called at any time. */
  wake(): void {
    this.#again = true;
    if (!this.#on || this.#pumping !== undefined) return;
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = undefined;
    });
  }

  /** What a person should know. */
  status(): HealthPart {
    const blocked = [...this.#rests.blocked(this.#o.now())];
    const figures = { shards: this.#o.leases.owned.length, breaker: this.readiness.breaker.state, sendsInFlight: this.#inFlight.size, restingPartitions: blocked };
    const why = this.readiness.why ?? this.#trouble ?? this.#unknownKind;
    return why === undefined ? { status: 'up', figures } : { status: 'waiting', why, figures };
  }

  async #pump(): Promise<void> {
    try {
      while (this.#again && this.#on) {
        this.#again = false;
        while (this.#on && this.#inFlight.size < this.#o.settings.relaySendsInFlight + AHEAD && (await this.readiness.ready()) && (await this.#launch()));
      }
      this.#trouble = undefined;
    } catch (error) {
      // Whatever failed here is PostgreSQL's; nothing was sent, and the poll comes again.
      if (this.#trouble === undefined) this.#o.log.warn({ err: error, sink: this.#o.sink.name }, 'the ledger cannot be read; it is tried again');
      this.#trouble = 'PostgreSQL does not answer.';
    }
  }

  /** Takes, plans and begins one send; false when there is nothing to do now. */
  async #launch(): Promise<boolean> {
    const { sink, leases, store, settings, now } = this.#o;
    const shards = new Map(leases.available().map((s) => [s.shard, s]));
    if (shards.size === 0) return false;
    const blocked = this.#rests.blocked(now());
    const rowsPerShard = Math.min(sink.maxMessages, Math.max(4, Math.ceil(sink.maxMessages / this.#messagesPerRow)));
    const limit = Math.max(LEAST_ROWS, rowsPerShard * 2);
    const rows = await store.take([...shards.keys()], [...blocked], { rowsPerShard, rows: limit, longestPauseMs: settings.retryMaxDelay });
    const takenAt = now();
    if (rows.length === 0) return false;
    this.#messagesPerRow = Math.max(1, rows.reduce((sum, r) => sum + r.span, 0) / rows.length);
    const candidates = pickMessages(rows, blocked, sink, this.#o.tellingOf);
    const taken = new Set((candidates.length > 0 ? candidates.map((c) => c.row) : rows).flatMap((r) => shards.get(r.shard) ?? []));
    for (const shard of taken) shard.lastTaken = now();
    if (candidates.length === 0) {
      for (const shard of taken) shard.restUntil = now() + settings.relayPoll;
      return rows.length === limit;
    }
    for (const shard of taken) shard.inFlight = true;
    const sending = this.#carryOut(candidates, [...taken], takenAt).finally(() => {
      for (const shard of taken) shard.inFlight = false;
      this.#inFlight.delete(sending);
      this.wake();
    });
    this.#inFlight.add(sending);
    return true;
  }

  /** One send from records to marks. Never rejects. */
  async #carryOut(candidates: Send['candidates'], shards: readonly OwnedShard[], takenAt: number): Promise<void> {
    const { sink, leases, store, log, now, tracing } = this.#o;
    try {
      const records = await store.load(candidates);
      const letters = await store.letters(candidates);
      const send = assembleSend(candidates, sink, (row, id) => this.#messageOf(row, id, records, letters));
      const mayGoOn = () => shards.every((s) => leases.holds(s));
      const sentAt = now();
      const results = send.groups.length === 0 ? [] : await this.#slots.run(async () => (mayGoOn() ? this.#send(send, shards, mayGoOn) : []));
      if (tracing !== undefined && results.length > 0) traceSend(tracing, { sink: sink.name, rows: candidates.map((c) => c.row), takenAt, sentAt, endedAt: now(), failed: results.some((r) => r.failure !== undefined) });
      // The database's clock, carried on by this process' own.
      const at = new Date((candidates[0]?.row.takenAt ?? 0) + now() - takenAt).toISOString();
      const marks = marksOf(send, results, (refusal) => putRefused(refusal, this.#o), at);
      if (marks.length > 0) await this.#mark(marks, shards);
      await leases.releaseLeaving();
    } catch (error) {
      for (const shard of shards) shard.restUntil = this.#o.now() + this.#o.settings.relayPoll;
      if (error instanceof UnknownKind) this.#unknownKind = error.message;
      log.warn({ err: error, sink: sink.name }, 'a send could not be prepared or marked; its rows are taken again');
    }
  }

  /** Undefined when nothing is to be sent: the record is gone, a later version takes its place, or a dead letter was outlived. */
  #messageOf(row: LedgerRow, id: number, records: Records, letters: ReadonlyMap<LedgerRow, ReplayedLetter>): Outgoing | undefined {
    const { sink, tellingOf, laterVersionsFollow } = this.#o;
    if (row.event !== null) return sink.message(row, id, {}, null);
    const record = records.get(row.kind)?.get(id);
    if (row.op === 'replay') {
      const letter = letters.get(row);
      if (letter === undefined) return undefined;
      // Of a deletion nothing is left that a message could be made of.
      if (tellingOf(row.kind) !== 'states' || letter.op === 'delete') return sink.kept(row, id, letter);
      return record === undefined ? undefined : sink.message({ ...row, op: letter.op }, id, record.row, record.sentAt);
    }
    if (record === undefined || (Number(record.row.version) !== row.version && laterVersionsFollow(row.kind))) return undefined;
    return sink.message(row, id, record.row, record.sentAt);
  }

  async #send(send: Send, shards: readonly OwnedShard[], mayGoOn: () => boolean): Promise<PartitionResult[]> {
    const { sink, metrics, now } = this.#o;
    const began = now();
    const apart = send.groups.filter((g) => this.#rests.onProbation(g.partition));
    const together = send.groups.filter((g) => !this.#rests.onProbation(g.partition));
    const lots = [...(together.length > 0 ? [together] : []), ...apart.map((g) => [g])];
    const results = (await Promise.all(lots.map((groups) => sink.send(groups, mayGoOn)))).flat();
    metrics.observe('relay_send_seconds', { sink: sink.name }, (now() - began) / 1_000);
    this.#learn(results, began, shards);
    return results;
  }

  /** What a send taught about cluster, partitions and configuration. */
  #learn(results: readonly PartitionResult[], began: number, shards: readonly OwnedShard[]): void {
    const { sink, metrics, log, now } = this.#o;
    const failures = results.flatMap((r) => r.failure ?? []);
    const someAnswered = failures.filter((f) => f.class === 'cluster').length < results.length;
    for (const { partition, acked, failure, refused } of results) {
      const count = acked.reduce((sum, r) => sum + r.to - r.from + 1, 0);
      if (count > 0) metrics.count('relay_messages_total', { sink: sink.name }, count);
      // A broker of several that is away fails the sends that it is part of: apart, only its own partitions fail.
      if (failure?.class === 'cluster' && !someAnswered) this.#rests.suspected(partition);
      else if (failure?.class === 'partition' || failure?.class === 'cluster') this.#rests.failed(partition, now());
      if (failure?.unsettled === true) this.#rests.unsettled(partition, began + sink.settledAfterMs);
      if (failure === undefined && (count > 0 || refused.length > 0)) this.#rests.acknowledged(partition);
    }
    const causes = new Map(failures.map((f) => [f.code, f]));
    for (const [cause, failure] of causes) {
      metrics.count('relay_retries_total', { sink: sink.name, cause });
      log.warn({ sink: sink.name, code: cause, class: failure.class, reason: failure.message, partitions: results.filter((r) => r.failure?.code === cause).map((r) => r.partition) }, 'a send failed; what was not acknowledged is sent again');
    }
    metrics.count('relay_sends_total', { sink: sink.name, result: failures.length === 0 ? 'ok' : failures.length < results.length ? 'partial' : 'failed' });
    if (failures.some((f) => f.unsettled)) for (const shard of shards) shard.unsettledUntil = Math.max(shard.unsettledUntil, began + sink.settledAfterMs);
    this.readiness.learn(results);
  }

  /** Marks until PostgreSQL took it, or the leases are over: what isn't marked is sent again. */
  async #mark(marks: readonly Mark[], shards: readonly OwnedShard[]): Promise<void> {
    const { store, leases, node, sink, metrics, log } = this.#o;
    const epochs = new Map(shards.map((s) => [s.shard, s.epoch]));
    for (;;) {
      try {
        const taken = await store.mark(marks, node, (shard) => epochs.get(shard) ?? -1);
        if (taken.rows < marks.length) log.warn({ sink: sink.name, rows: marks.length - taken.rows }, 'marks were refused: their shards have another owner');
        metrics.count('relay_superseded_total', { sink: sink.name }, taken.superseded);
        return;
      } catch (error) {
        if (!shards.some((s) => leases.holds(s))) throw error;
        log.warn({ err: error, sink: sink.name }, 'what was sent could not be marked; tried again');
        await new Promise((resolve) => setTimeout(resolve, MARK_RETRY_MS));
      }
    }
  }
}
