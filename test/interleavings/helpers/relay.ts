import { pino } from 'pino';
import { Breaker } from '../../../shared/runtime/breaker.ts';
import { LedgerStore } from '../../../services/publisher/ledger-store.ts';
import { RelayLoop } from '../../../services/publisher/relay-loop.ts';
import { ShardLeases } from '../../../services/publisher/shard-leases.ts';
import type { Sink } from '../../../services/publisher/sink.ts';
import { placesOf } from '../../../services/gateway/receipts/places.ts';
import type { Acks } from '../../../shared/delivery/acks.ts';
import { Metrics } from '../../../shared/metrics/metrics.ts';
import type { Scene } from './scene.ts';
import type { Actor } from './actor.ts';
import { Topic } from './topic.ts';

export const LEASE_MS = 10_000;
const STATEMENT_MS = 12_000;

/** A relay that does one thing at a time: a round of leases, or one send from taking to marking. */
export interface Relay {
  leases: ShardLeases;
  round(): Promise<void>;
  turn(): Promise<void>;
}

/** The relay's own parts, on this actor's connections and this clock, for one shard. */
export function relayAt(scene: Scene, actor: Actor, sink: Sink, now: () => number): Relay {
  const { pool, name } = actor;
  const settings = { ...scene.engine.settings, shards: 1, relaySendsInFlight: 1, relayPoll: 10 };
  const log = pino({ level: 'silent' });
  const leases = new ShardLeases({ pool, sink: sink.name, node: name, shards: 1, leaseMs: LEASE_MS, quarantineMs: sink.settledAfterMs, statementTimeoutMs: STATEMENT_MS, now, random: Math.random, log });
  const { table, columns } = actor.flush.execution;
  const store = new LedgerStore(pool, sink.name, [{ name: 'execution', table, columns, firstSink: sink.name, events: false }], STATEMENT_MS);
  const loop = new RelayLoop({ sink, leases, store, laterVersionsFollow: () => true, tellingOf: () => 'states', breaker: new Breaker({ failures: 5, cooldownMs: 50 }), settings, node: name, metrics: new Metrics(), log, now, random: Math.random });
  return {
    leases,
    round: () => leases.round(),
    async turn() {
      loop.start();
      await loop.stop();
    },
  };
}

interface OwedRow {
  op: string;
  state: string;
  first_id: number;
  span: number;
  version: number;
  acks: Acks | null;
  superseded: number;
  tries: null;
  delivered: number;
  written: number;
}

/** What a consumer of the topic, or whoever reads the ledger, would complain of once all is delivered. */
export async function deliveryFaults(scene: Scene, sink: string, topic: Topic): Promise<string[]> {
  const faults: string[] = [];
  const rows = await scene.engine.rows<OwedRow>('select op, state, first_id::int, span, version, acks, superseded, tries, delivered, written from ledger where sink = $1 order by id', [sink]);
  const records = await scene.engine.rows<{ id: number; version: number }>('select e.id::int, e.version from execution e where e.id in (select l.first_id + n from ledger l, generate_series(0, l.span - 1) n where l.sink = $1)', [sink]);
  for (const { id, version } of records) {
    const versions = topic.versions(id);
    if (versions.some((v, i) => v < (versions[i - 1] ?? 0))) faults.push(`record ${id} goes back: ${versions.join()}`);
    if (versions.at(-1) !== version) faults.push(`record ${id} is at version ${version}, and the topic ends with ${versions.join()}`);
  }
  for (const row of rows) {
    if (row.state !== 'done' || row.written !== row.delivered + row.superseded) faults.push(`the row at ${row.first_id} is ${row.state}: ${row.written} written, ${row.delivered} delivered, ${row.superseded} superseded`);
    const places = placesOf({ ...row, firstId: row.first_id }, () => false, (id) => Topic.partitionOf(id));
    for (const [id, place] of places) {
      if (place.fate !== 'sent') continue;
      const there = place.offset === null ? undefined : topic.partitions[Topic.partitionOf(id)]?.[place.offset];
      if (there?.id !== id) faults.push(`record ${id} is said to be at ${place.offset}, where ${there?.id ?? 'nothing'} is`);
    }
  }
  return faults;
}
