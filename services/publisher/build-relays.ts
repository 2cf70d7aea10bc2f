import { BATCH_KIND, batchesSink, ITEM_KIND } from '../../shared/batches/batch-events.ts';
import { liveView } from '../../shared/live/live-view.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import { sinkName, sinksOf, type HttpSink as HttpSinkOfKind, type SinkOfKind } from '../../shared/records/record-kind.ts';
import { compileWire, type Wire } from '../../shared/records/wire.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { Breaker } from '../../shared/runtime/breaker.ts';
import { DeadLetterMirror } from './dead-letter-mirror.ts';
import { HttpSink } from './http-sink.ts';
import { KafkaSink } from './kafka-sink.ts';
import { LedgerStore, type StoredKind } from './ledger-store.ts';
import { RelayLoop } from './relay-loop.ts';
import { Replayer } from './replayer.ts';
import { ShardLeases } from './shard-leases.ts';
import { SinkRelay } from './sink-relay.ts';
import type { Sink } from './sink.ts';

/** A relay for each sink that the kinds name, and the sinks that lack an address. */
export interface Relays {
  relays: Map<string, SinkRelay>;
  unaddressed: string[];
}

interface NamedSink {
  name: string;
  /** Without a wire: what its ledger rows hold is sent. */
  uses: { kind: StoredKind; sink: SinkOfKind; wire: Wire | undefined }[];
}

/**
 * Builds what delivers, from the kinds and settings of the node. Connects to nothing yet.
 * @param around puts something around each sink: a seam where faults can be let in
 */
export function buildRelays(node: NodeContext, around: (sink: Sink) => Sink = (sink) => sink): Relays {
  const relays = new Map<string, SinkRelay>();
  const unaddressed: string[] = [];
  const breakers = new Map<string, Breaker>();
  for (const named of sinksOfNode(node)) {
    const sink = sinkFor(named, node);
    if (sink === undefined) {
      unaddressed.push(named.name);
      continue;
    }
    const breaker = breakers.get(sink.cluster) ?? new Breaker(liveView(node.settings, { failures: 'breakerFailures', cooldownMs: 'breakerCooldown' }));
    breakers.set(sink.cluster, breaker);
    node.breakers.set(sink.cluster, breaker);
    relays.set(named.name, relayFor(named, around(sink), breaker, node));
  }
  return { relays, unaddressed };
}

function sinksOfNode(node: NodeContext): NamedSink[] {
  const sinks = new Map<string, NamedSink>();
  for (const kind of node.kinds.values()) {
    const columns = columnsOf(node.database.orm, kind);
    const table = node.database.orm.getMetadata().get(kind.entity.meta.class).tableName;
    const stored: StoredKind = { name: kind.name, table, columns, firstSink: sinksOf(kind, 'insert', node.settings)[0] ?? '', events: kind.order === 'events', ...(kind.joined === undefined ? {} : { joined: kind.joined }) };
    for (const sink of kind.sinks) {
      const name = sinkName(sink, node.settings);
      const named = sinks.get(name) ?? { name, uses: [] };
      named.uses.push({ kind: stored, sink, wire: compileWire(kind, columns) });
      sinks.set(name, named);
    }
  }
  return [...sinks.values(), ...itemsElsewhere(node, sinks), eventsOfBatches(node, sinks)];
}

/** @throws Error where something else goes to the same topic */
function itemsElsewhere({ settings, kinds }: NodeContext, sinks: ReadonlyMap<string, NamedSink>): NamedSink[] {
  const topics = new Set([...kinds.values()].flatMap(({ process }) => process?.elsewhere?.topicSetting ?? []));
  return [...topics].map((topicSetting) => {
    const sink: SinkOfKind = { to: 'kafka', topicSetting, on: [] };
    const name = sinkName(sink, settings);
    if (sinks.has(name) || name === batchesSink(settings)) throw new Error(`Items are handed out on the topic "${String(settings[topicSetting])}" (setting ${topicSetting}), and something else goes there: name another one.`);
    // Each message is about an attempt of its own: none takes another's place, and none waits for another.
    return { name, uses: [{ kind: { name: ITEM_KIND, table: null, columns: [], firstSink: name, events: true }, sink, wire: undefined }] };
  });
}

/** @throws Error where records go to the same topic: its readers, and verify, could not tell them apart */
function eventsOfBatches({ settings }: NodeContext, sinks: ReadonlyMap<string, NamedSink>): NamedSink {
  const name = batchesSink(settings);
  if (sinks.has(name)) throw new Error(`BATCHES_TOPIC is "${settings.batchesTopic}", and records go to that topic: name another one.`);
  const kind: StoredKind = { name: BATCH_KIND, table: null, columns: [], firstSink: name, events: true };
  return { name, uses: [{ kind, sink: { to: 'kafka', topicSetting: 'batchesTopic', on: [] }, wire: undefined }] };
}

/** Undefined when the settings hold no address for it. */
function sinkFor({ name, uses }: NamedSink, node: NodeContext): Sink | undefined {
  const { settings, database, nodeId } = node;
  const first = uses[0]?.sink;
  if (first?.to === 'kafka') {
    if (settings.kafkaBrokers === '') return undefined;
    return new KafkaSink({ name, topic: String(settings[first.topicSetting]), clientId: nodeId, wires: new Map(uses.flatMap((u) => (u.wire === undefined ? [] : [[u.kind.name, u.wire] as const]))), events: eventKinds(uses), pool: database.pool, settings, log: node.log, metrics: node.metrics });
  }
  const url = first === undefined ? '' : String(settings[first.urlSetting]);
  const tellers = uses.filter((u): u is typeof u & { sink: HttpSinkOfKind } => u.sink.to === 'http').map((u) => [u.kind.name, u.sink.tell.bind(u.sink)] as const);
  return url === '' ? undefined : new HttpSink(name, url, new Map(tellers));
}

function eventKinds(uses: NamedSink['uses']): Set<string> {
  return new Set(uses.filter((u) => u.kind.events).map((u) => u.kind.name));
}

function relayFor({ name, uses }: NamedSink, sink: Sink, breaker: Breaker, node: NodeContext): SinkRelay {
  const { settings, metrics, log, nodeId, database } = node;
  const now = () => performance.now();
  const store = new LedgerStore(database.pool, name, uses.map((u) => u.kind), settings.statementTimeout);
  const leases = new ShardLeases({
    pool: database.pool, sink: name, node: nodeId, shards: settings.shards, leaseMs: settings.shardLease, quarantineMs: sink.settledAfterMs,
    statementTimeoutMs: settings.statementTimeout, now, random: Math.random, log, drained: () => node.drain.on,
  });
  const events = eventKinds(uses);
  const following = new Set(uses.filter((u) => u.sink.on.includes('update') && !u.kind.events).map((u) => u.kind.name));
  const loop = new RelayLoop({ sink, leases, store, laterVersionsFollow: (kind) => following.has(kind), tellingOf: (kind) => (!events.has(kind) ? 'states' : kind === BATCH_KIND ? 'lots' : 'events'), breaker, settings, node: nodeId, metrics, log, tracing: node.tracing, now, random: Math.random });
  const replayer = new Replayer({ pool: database.pool, sink: name, node: nodeId, leaseMs: settings.shardLease, statementTimeoutMs: settings.statementTimeout, metrics, log, released: () => loop.wake() });
  const first = uses[0]?.sink;
  const mirror = first?.to !== 'kafka' ? undefined : new DeadLetterMirror({ sink: name, topic: String(settings[first.topicSetting]), clientId: nodeId, leases, breaker, pool: database.pool, settings, metrics, log, now, random: Math.random });
  return new SinkRelay({ sink, leases, store, loop, replayer, mirror, metrics, log, pollMs: settings.relayPoll, leaseMs: settings.shardLease });
}
