import type { NodeFlow } from '../../../shared/contracts/flow.ts';

/** The stages that a record passes, in their order. Rates are a second; null before there are two samples to compare. */
export interface Stages {
  intake: { batchesPerS: number | null; answerMs: number | null; refusedPerS: number | null; /** Refused because their key has a limit: that is as it was meant. */ limitedPerS: number | null; inWork: number; uploads: number; bodiesBytes: number; nodes: number; /** Large batches that go on beyond the latest finish that was promised. */ lateBatches: number };
  queue: { waiting: number; oldestS: number; lanes: number; rejectedPerS: number | null; underway: number };
  flush: { rowsPerS: number | null; flushMs: number | null; active: number; slots: number; freeSlots: number; /** How long a writer has had the chunk that it has had longest. */ oldestS: number; retriesPerS: number | null; nodes: number };
  ledger: { waiting: number; oldestS: number; deadLetters: number };
  relay: { messagesPerS: number | null; sendMs: number | null; retriesPerS: number | null; shards: number; nodes: number };
  kafka: { breaker: BreakerState; breakers: Breaker[]; sinks: SinkFlow[] };
}

export const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Two samples that lie further apart make no rate. */
const LONGEST_MS = 15_000;

/** A breaker as one node tells of it: `kafka` or another cluster of sinks, `trade-service`, or `admission`, whose `node` is whose pools it watches. */
export interface Breaker {
  name: string;
  node: string;
  state: BreakerState;
}

/** What goes to one sink. */
export interface SinkFlow {
  sink: string;
  messagesPerS: number | null;
  waiting: number;
  oldestS: number;
  shards: number;
  deadLetters: number;
}

/** One node's part. */
export interface NodePart {
  node: string;
  services: string[];
  uptimeS: number;
  memoryMb: number;
  /** Share of one core; null before there are two samples. */
  cpu: number | null;
  pool: { active: number; waiting: number; max: number };
  rowsPerS: number | null;
  messagesPerS: number | null;
}

/**
 * What flows through the fleet, from what its nodes tell.
 * @param before what they told last time, from which the rates are made; a node that was started since has none yet
 */
export function flowOf(before: readonly NodeFlow[], now: readonly NodeFlow[]): { stages: Stages; nodes: NodePart[] } {
  const last = new Map(before.map((flow) => [flow.node, flow]));
  const rate = (key: string, of: readonly NodeFlow[] = now): number | null => {
    let found: number | null = null;
    for (const flow of of) {
      const was = last.get(flow.node);
      if (was === undefined || !comparable(was, flow)) continue;
      found = (found ?? 0) + (Math.max(0, (flow.figures[key] ?? 0) - (was.figures[key] ?? 0)) * 1_000) / (flow.at - was.at);
    }
    return found === null ? null : round(found);
  };
  const mean = (name: string): number | null => {
    const [sum, count] = [rate(`${name}:sum`), rate(`${name}:count`)];
    return sum === null || count === null || count === 0 ? null : round((sum / count) * 1_000);
  };
  const both = (...keys: string[]) => keys.map((key) => rate(key)).reduce((a, b) => (a === null || b === null ? null : a + b), 0);
  const sum = (key: string) => now.reduce((total, { figures }) => total + (figures[key] ?? 0), 0);
  const most = (key: string) => now.reduce((top, { figures }) => Math.max(top, figures[key] ?? 0), 0);
  const count = (service: string) => now.filter(({ services }) => services.includes(service)).length;
  const sinks = placesOf(now, 'relay_waiting_items', 'relay_shards_owned', 'relay_messages_total').map((sink): SinkFlow => ({
    sink, messagesPerS: rate(`relay_messages_total:${sink}`), waiting: sum(`relay_waiting_items:${sink}`), oldestS: round(most(`relay_lag_seconds:${sink}`)),
    shards: sum(`relay_shards_owned:${sink}`), deadLetters: sum(`relay_dead_letters:${sink}`),
  }));
  const total = (of: (sink: SinkFlow) => number) => sinks.reduce((all, sink) => all + of(sink), 0);
  const refusals = placesOf(now, 'gateway_refusals_total').map((reason) => `gateway_refusals_total:${reason}`);
  const breakers = breakersOf(now);
  const relays = count('publisher');
  return {
    stages: {
      intake: {
        batchesPerS: rate('batcher_batch_seconds:count'), answerMs: mean('batcher_batch_seconds'), refusedPerS: both('batcher_refusals_total', ...refusals.filter((reason) => !ofKey(reason))), limitedPerS: both(...refusals.filter(ofKey)),
        inWork: sum('batcher_requests_active'), uploads: sum('batcher_uploads_active'), bodiesBytes: sum('gateway_bodies_bytes'), nodes: count('gateway'), lateBatches: sum('large_batches_late'),
      },
      queue: { waiting: sum('batcher_queue_items') + sum('batcher_lanes_items'), oldestS: round(most('batcher_queue_age_seconds')), lanes: sum('batcher_lanes_items'), rejectedPerS: rate('batcher_items_total:rejected'), underway: sum('batcher_items_underway') },
      flush: {
        rowsPerS: rate('writer_rows_total'), flushMs: mean('writer_flush_seconds'), active: sum('writer_flushes_active'),
        slots: sum('batcher_slots:used') + sum('batcher_slots:free'), freeSlots: sum('batcher_slots:free'), oldestS: round(most('batcher_handover_age_seconds')), retriesPerS: rate('writer_retries_total'), nodes: count('writer'),
      },
      ledger: { waiting: total((sink) => sink.waiting), oldestS: sinks.reduce((top, sink) => Math.max(top, sink.oldestS), 0), deadLetters: total((sink) => sink.deadLetters) },
      relay: {
        messagesPerS: relays === 0 ? 0 : sinks.length === 0 ? null : both(...sinks.map(({ sink }) => `relay_messages_total:${sink}`)), sendMs: mean('relay_send_seconds'), retriesPerS: rate('relay_retries_total'),
        shards: total((sink) => sink.shards), nodes: relays,
      },
      kafka: { breaker: worst(breakers.filter(({ name }) => name === 'kafka')), breakers, sinks },
    },
    nodes: now.map((flow): NodePart => {
      const was = last.get(flow.node);
      const cpu = was === undefined || !comparable(was, flow) ? null : round((flow.cpuMs - was.cpuMs) / (flow.at - was.at));
      const { active, waiting, max } = flow.pool;
      const sent = placesOf([flow], 'relay_messages_total').map((sink) => rate(`relay_messages_total:${sink}`, [flow]) ?? 0).reduce((a, b) => a + b, 0);
      return {
        node: flow.node, services: flow.services, uptimeS: flow.uptimeS, memoryMb: flow.memoryMb, cpu, pool: { active, waiting, max },
        rowsPerS: flow.services.includes('writer') ? rate('writer_rows_total', [flow]) : null,
        messagesPerS: flow.services.includes('publisher') ? (was === undefined ? null : round(sent)) : null,
      };
    }).sort((a, b) => (a.node < b.node ? -1 : 1)),
  };
}

/** Whether a refusal is that of a key's own limit (services/gateway/access/key-limits.ts). */
function ofKey(figure: string): boolean {
  return figure.startsWith('gateway_refusals_total:key-');
}

/** The same process, and not long ago: a mean over hours would say nothing of now. */
function comparable(was: NodeFlow, flow: NodeFlow): boolean {
  return flow.at > was.at && flow.at - was.at < LONGEST_MS;
}

/** What metrics are told apart by, e.g. the sinks there are. */
function placesOf(flows: readonly NodeFlow[], ...names: string[]): string[] {
  const places = flows.flatMap(({ figures }) => Object.keys(figures)).flatMap((key) => names.filter((name) => key.startsWith(`${name}:`)).map((name) => key.slice(name.length + 1)));
  return [...new Set(places)].sort();
}

function breakersOf(flows: readonly NodeFlow[]): Breaker[] {
  const state = (figure: number | undefined): BreakerState => BREAKER_STATES[figure ?? 0] ?? 'closed';
  return flows.flatMap((flow) => [
    ...placesOf([flow], 'relay_breaker_state').map((name): Breaker => ({ name, node: flow.node, state: state(flow.figures[`relay_breaker_state:${name}`]) })),
    ...placesOf([flow], 'pool_breaker_state').map((node): Breaker => ({ name: 'admission', node, state: state(flow.figures[`pool_breaker_state:${node}`]) })),
    ...(flow.services.includes('batcher') && flow.figures.trade_breaker_state !== undefined ? [{ name: 'trade-service', node: flow.node, state: state(flow.figures.trade_breaker_state) }] : []),
  ]);
}

function worst(breakers: readonly Breaker[]): BreakerState {
  return BREAKER_STATES.findLast((state) => breakers.some((breaker) => breaker.state === state)) ?? 'closed';
}

function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}
