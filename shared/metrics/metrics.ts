import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** `unit` is said where the name's last word is none. */
interface Common {
  help: string;
  labels?: readonly string[];
  unit?: string;
}
type Row = Common & ({ type: 'counter' } | { type: 'gauge' } | { type: 'histogram'; buckets: readonly number[] });

/** Words that names end in and that are units, with what they say; seconds, bytes and the like speak for themselves. */
const UNITS: Record<string, string> = { active: 'requests', share: '0 to 1', state: '0, 1 or 2', broken: '0 or 1' };

/** What a metric counts or measures in: of `<stage>_<fact>_<unit>` the unit. */
export function unitOf(name: MetricName): string {
  const row: Row = METRICS[name];
  const last = name.replace(/_total$/, '').split('_').at(-1) ?? name;
  return row.unit ?? UNITS[last] ?? last;
}

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const ROWS = [1, 5, 10, 50, 100, 250, 500, 1000, 1500, 2000];

/** Every metric of Sluice: stage, fact, unit. Labels come from closed sets only (kinds, outcomes, sinks, nodes). */
export const METRICS = {
  gateway_requests_total: { type: 'counter', help: 'Answers by route and status.', labels: ['route', 'status'] },
  gateway_request_seconds: { type: 'histogram', help: 'Time from the first byte of a request to the end of its answer.', labels: ['route'], buckets: SECONDS },
  gateway_connections: { type: 'gauge', help: 'Open connections, by state: idle ones have no request in work.', labels: ['state'] },
  gateway_connections_closed_total: { type: 'counter', unit: 'connections', help: 'Connections closed by the edge to protect itself, by reason.', labels: ['reason'] },
  gateway_refusals_total: { type: 'counter', unit: 'requests', help: 'Requests refused for load before they reached the batcher, by reason.', labels: ['reason'] },
  gateway_event_streams: { type: 'gauge', unit: 'connections', help: 'Clients that listen to the events of large batches.' },
  gateway_bodies_bytes: { type: 'gauge', help: 'Bytes of bodies in memory, those still being read included.' },
  gateway_bodies_age_seconds: { type: 'gauge', help: 'How long the oldest body has been on its way.' },
  gateway_answers_bytes: { type: 'gauge', help: 'Bytes of answers that clients have not taken yet.' },
  gateway_answers_age_seconds: { type: 'gauge', help: 'How long the oldest answer waits for its client to go on reading.' },
  gateway_reads_active: { type: 'gauge', unit: 'requests', help: 'Reading requests in work.' },
  batcher_requests_active: { type: 'gauge', help: 'Writing requests in work, those that were answered 202 and are not settled yet included.' },
  batcher_requests_bytes: { type: 'gauge', help: 'Bytes of the bodies of all writing requests in work.' },
  batcher_waiting_items: { type: 'gauge', help: 'Items admitted that no writer has in hand yet; over the drain rate they make Retry-After.' },
  batcher_batch_seconds: { type: 'histogram', help: 'Time of a batch from intake to settled, by size class.', labels: ['kind', 'size'], buckets: SECONDS },
  batcher_items_total: { type: 'counter', help: 'Items by fate: written, rejected, withdrawn.', labels: ['kind', 'outcome'] },
  batcher_refusals_total: { type: 'counter', unit: 'requests', help: 'Requests refused for load, by reason.', labels: ['reason'] },
  batcher_queue_items: { type: 'gauge', help: 'Items waiting for a writer.' },
  batcher_queue_bytes: { type: 'gauge', help: 'Bytes waiting for a writer.' },
  batcher_queue_age_seconds: { type: 'gauge', help: 'Age of the oldest waiting item.' },
  batcher_handover_age_seconds: { type: 'gauge', help: 'How long the oldest chunk has been with a writer.' },
  batcher_uploads_active: { type: 'gauge', unit: 'uploads', help: 'Large uploads in hand.' },
  batcher_in_hand_items: { type: 'gauge', help: 'Items that writers have in hand, by queue: requests, or the lane of a large batch.', labels: ['queue'] },
  batcher_lanes_items: { type: 'gauge', help: 'Items of large batches waiting for a writer.' },
  batcher_lanes_slots: { type: 'gauge', help: 'Flush slots of this edge that large batches may use at this moment: while clients wait for requests, those that INTERACTIVE_SHARE leaves.' },
  batcher_attempts_total: { type: 'counter', help: 'Attempts at items of kinds with a process step, by how they ended: done, stopped, or a category of failure.', labels: ['kind', 'outcome'] },
  batcher_attempt_seconds: { type: 'histogram', help: 'Time of one attempt at an item.', labels: ['kind'], buckets: SECONDS },
  batcher_items_underway: { type: 'gauge', unit: 'items', help: 'Items of kinds with a process step that are under way.' },
  batcher_slots: { type: 'gauge', help: 'Flush slots this edge may use, by state.', labels: ['state'] },
  batcher_handovers_total: { type: 'counter', help: 'Chunks handed to a writer, by result.', labels: ['result'] },
  batcher_settles_total: { type: 'counter', unit: 'batches', help: 'Batches settled other than by finishing, by cause.', labels: ['cause'] },
  batcher_drain_rate_items: { type: 'gauge', unit: 'items a second', help: 'Items per second that leave the queue, measured while it is backed up.' },
  writer_wait_seconds: { type: 'histogram', help: 'Time that work waited in a writer for its turn, by action.', labels: ['action'], buckets: SECONDS },
  writer_flush_seconds: { type: 'histogram', help: 'Time of a flush in PostgreSQL.', labels: ['kind'], buckets: SECONDS },
  writer_flush_rows: { type: 'histogram', help: 'Rows of a flush.', labels: ['kind'], buckets: ROWS },
  writer_rows_total: { type: 'counter', help: 'Rows written.', labels: ['kind'] },
  writer_retries_total: { type: 'counter', unit: 'flushes', help: 'Flushes tried again, by SQLSTATE class or cause.', labels: ['cause'] },
  writer_bisections_total: { type: 'counter', unit: 'slices', help: 'Slices split to find a guilty row.', labels: ['kind'] },
  writer_rejects_total: { type: 'counter', unit: 'rows', help: 'Rows that the database refused, by code.', labels: ['kind', 'code'] },
  writer_flushes_active: { type: 'gauge', unit: 'flushes', help: 'Flushes running: the bulkhead in use.' },
  writer_exhausted_chunks_total: { type: 'counter', help: 'Chunks that PostgreSQL took on no try.' },
  writer_id_conflicts_total: { type: 'counter', unit: 'slices', help: 'Primary key conflicts: a fault of Sluice, never of the client.', labels: ['kind'] },
  limiter_decisions_total: { type: 'counter', help: 'Rounds of the limiter in which there were flushes, by its reason: idle (fewer in flight than it allows), queue-short (one more), queue-long (one fewer), steady, unknown (flushes of a size without a base), measure-base, base-measured.', labels: ['reason'] },
  limiter_limit_flushes: { type: 'gauge', help: 'Flushes that the fleet may have in flight, as the limiter decided.' },
  limiter_chunk_rows: { type: 'gauge', help: 'Most rows of a chunk, as the limiter decided.' },
  limiter_queued_flushes: { type: 'gauge', help: 'Flushes that wait in PostgreSQL, as the limiter estimates.' },
  relay_sends_total: { type: 'counter', help: 'Sends to a sink, by result.', labels: ['sink', 'result'] },
  relay_too_large_total: { type: 'counter', unit: 'record batches', help: 'Record batches that a broker refused for their size; what was in them is sent in parts, and later sends are cut to what was taken.', labels: ['sink'] },
  relay_messages_total: { type: 'counter', help: 'Messages acknowledged by a sink.', labels: ['sink'] },
  relay_superseded_total: { type: 'counter', unit: 'messages', help: 'Messages not sent because a later version takes their place.', labels: ['sink'] },
  relay_retries_total: { type: 'counter', unit: 'messages', help: 'Deliveries put off to be tried again, by cause.', labels: ['sink', 'cause'] },
  relay_send_seconds: { type: 'histogram', help: 'Time of a send until acknowledged.', labels: ['sink'], buckets: SECONDS },
  relay_waiting_items: { type: 'gauge', help: 'Records committed and not yet acknowledged, in the shards of this relay.', labels: ['sink'] },
  relay_lag_seconds: { type: 'gauge', help: 'Age of the oldest undelivered ledger row, in the shards of this relay.', labels: ['sink'] },
  relay_shards_owned: { type: 'gauge', unit: 'shards', help: 'Shards this relay owns.', labels: ['sink'] },
  relay_shards_unowned: { type: 'gauge', unit: 'shards', help: 'Shards of the sink that no relay owns, as this one sees it.', labels: ['sink'] },
  relay_breaker_state: { type: 'gauge', help: 'Breaker of a cluster (all its sinks share it): 0 closed, 1 half-open, 2 open.', labels: ['cluster'] },
  relay_breaker_failures_total: { type: 'counter', unit: 'sends', help: 'Sends and probes that a whole cluster did not answer.', labels: ['cluster'] },
  relay_breaker_rejections_total: { type: 'counter', unit: 'sends', help: 'Sends that were not begun because the breaker was open or half-open; they wait in the ledger.', labels: ['cluster'] },
  relay_dead_letters_total: { type: 'counter', unit: 'messages', help: 'Messages that became dead letters, those that went back after a replay included, by cause.', labels: ['sink', 'cause'] },
  relay_exhausted_messages_total: { type: 'counter', help: 'Messages that were refused on their last try.', labels: ['sink'] },
  relay_dead_letters: { type: 'gauge', unit: 'messages', help: 'Dead letters that nobody has closed, in the shards of this relay.', labels: ['sink'] },
  relay_mirrored_total: { type: 'counter', unit: 'messages', help: 'Dead letters mirrored to the topic beside the sink\'s.', labels: ['sink'] },
  relay_replayed_total: { type: 'counter', unit: 'messages', help: 'Dead letters that replays released.', labels: ['sink'] },
  relay_commands_total: { type: 'counter', help: 'Commands for large batches that were read from Kafka, by what came of them: done, repeat or refused.', labels: ['type', 'outcome'] },
  bulk_submission_orders_total: { type: 'counter', help: 'Orders that were asked to be submitted, by outcome: sent, refused, unknown (the trade service is asked later), unsent (nothing was sent: may be asked for again), wrong (cannot be submitted as it is).', labels: ['outcome'] },
  bulk_submission_seconds: { type: 'histogram', help: 'Time of the steps of a submission: load, claim, call, update; and of the whole request.', labels: ['action'], buckets: SECONDS },
  bulk_submission_wait_seconds: { type: 'histogram', help: 'Time that a chunk of orders waited for its turn.', buckets: SECONDS },
  bulk_submission_permits: { type: 'gauge', unit: 'chunks', help: 'Chunks of orders that may begin at once: permits that nobody holds.' },
  bulk_submission_queue_chunks: { type: 'gauge', help: 'Chunks of orders that wait for their turn.' },
  bulk_submission_refusals_total: { type: 'counter', unit: 'chunks', help: 'Chunks of orders refused for load, by reason: full, or waited too long.', labels: ['reason'] },
  trade_calls_total: { type: 'counter', help: 'Calls of the trade service, by what came of them: accepted, refused, not-taken, not-sent, unknown; questions: known, none, unavailable.', labels: ['action', 'result'] },
  trade_breaker_state: { type: 'gauge', help: 'Breaker of the trade service: 0 closed, 1 half-open, 2 open.' },
  order_names_asked_total: { type: 'counter', unit: 'calls', help: 'Askings of the security and the portfolio service for their lists, by what came of them: kept, failed.', labels: ['list', 'result'] },
  trade_breaker_rejections_total: { type: 'counter', unit: 'calls', help: 'Calls that were not begun because that breaker was open or half-open.' },
  bulk_submission_open_orders: { type: 'gauge', help: 'Orders in submission without a known end, by state: none, unknown, or what a person must look at. Told by the node that reconciles.', labels: ['state'] },
  bulk_submission_reconciled_total: { type: 'counter', unit: 'orders', help: 'Orders that the reconciler found an end for: known (the trade service had them), sent (it had not), refused, flagged.', labels: ['outcome'] },
  pool_connections: { type: 'gauge', help: 'Connections of a node\'s PostgreSQL pool, by state.', labels: ['node', 'state'] },
  pool_utilization_share: { type: 'gauge', help: 'Active connections of a pool over its maximum.', labels: ['node'] },
  pool_state: { type: 'gauge', unit: '0, 1 or 2', help: 'How a node\'s pool does: 0 HEALTHY, 1 WARNING, 2 CRITICAL.', labels: ['node'] },
  pool_postgres_connections: { type: 'gauge', help: 'Connections as PostgreSQL itself sees them, those of others included: all, active, idle, idle-in-transaction, waiting-for-locks, slow.', labels: ['state'] },
  pool_postgres_max_connections: { type: 'gauge', help: 'Connections that PostgreSQL takes at most: its max_connections.' },
  pool_postgres_utilization_share: { type: 'gauge', help: 'All connections over max_connections less those reserved for superusers.' },
  pool_postgres_longest_transaction_seconds: { type: 'gauge', help: 'Age of the oldest transaction in PostgreSQL.' },
  pool_budget_connections: { type: 'gauge', help: 'Connections that all nodes together may have: max_connections less those for superusers and POOL_RESERVE.' },
  pool_budget_granted_connections: { type: 'gauge', help: 'Connections that nodes have of them.' },
  pool_budget_short_connections: { type: 'gauge', help: 'Connections that nodes want and do not have, for there are no more.' },
  pool_breaker_state: { type: 'gauge', help: 'Admission breaker of an edge\'s pool, or of all writers\' together (node="writers"): 0 closed, 1 half-open, 2 open. Told by the relay that watches.', labels: ['node'] },
  pool_breaker_failures_total: { type: 'counter', unit: 'samples', help: 'Samples of exhausted pools: those that count for the admission breaker.', labels: ['node'] },
  pool_breaker_openings_total: { type: 'counter', unit: 'openings', help: 'Openings of the admission breaker.', labels: ['node'] },
  pool_breaker_rejections_total: { type: 'counter', unit: 'requests', help: 'Writing requests that this edge refused because its admission breaker was open or half-open.' },
  pool_held_connections: { type: 'gauge', help: 'Connections of this node\'s pool that are held for longer than HELD_CONNECTION allows.' },
  pool_held_connections_total: { type: 'counter', help: 'Connections of this node\'s pool that were held for longer than that.' },
  db_client_connection_count: { type: 'gauge', unit: 'connections', help: 'Connections that this node\'s pool has open, by state: used, idle.', labels: ['pool', 'state'] },
  db_client_connection_max: { type: 'gauge', unit: 'connections', help: 'Most connections that this node\'s pool may open.', labels: ['pool'] },
  db_client_connection_pending_requests: { type: 'gauge', help: 'Who waits for a connection of this node\'s pool.', labels: ['pool'] },
  db_client_connection_timeouts_total: { type: 'counter', unit: 'requests', help: 'Waits for a connection of this node\'s pool that ended without one.', labels: ['pool'] },
  db_client_connection_wait_time_seconds: { type: 'histogram', help: 'Time until a connection of this node\'s pool was there, opening it included.', labels: ['pool'], buckets: SECONDS },
  db_client_connection_use_time_seconds: { type: 'histogram', help: 'Time from taking a connection of this node\'s pool to giving it back.', labels: ['pool'], buckets: SECONDS },
  large_batches: { type: 'gauge', help: 'Large batches there are, by state. Told by the one node that asks the database.', labels: ['kind', 'state'] },
  large_batches_late: { type: 'gauge', unit: 'batches', help: 'Large batches that go on although the latest finish that the first fifth of them promised is over. Told by that node.', labels: ['kind'] },
  database_size_bytes: { type: 'gauge', help: 'Size of the database. Told by that node.' },
  database_room_bytes: { type: 'gauge', help: 'What it may grow to, where that is known (DATABASE_ROOM). Told by that node.' },
  database_given_ids: { type: 'gauge', help: 'Ids given out so far, those that were left out included. Told by that node.', labels: ['kind'] },
  law_broken: { type: 'gauge', help: 'Whether a breach of the law is known: 1 or 0. Told by the one node that checks in the background.' },
  law_breaches: { type: 'gauge', help: 'Known breaches of the law, by part of it; 100 at most.', labels: ['law'] },
  law_checked_timestamp_seconds: { type: 'gauge', help: 'Instant up to which what was taken in has been checked, since 1970.' },
  law_check_seconds: { type: 'gauge', help: 'Time that the last check in the background took.' },
  law_passes_total: { type: 'counter', help: 'Whole passes of the background check over the database.' },
  law_failures_total: { type: 'counter', unit: 'checks', help: 'Checks in the background that could not be finished.' },
} as const satisfies Record<string, Row>;

export type MetricName = keyof typeof METRICS;
type Labels<N extends MetricName> = (typeof METRICS)[N] extends { labels: readonly (infer L extends string)[] } ? Record<L, string> : Record<string, never>;

/** A metric as it is exported: with `sluice_` before its name, but for those that OpenTelemetry names (db.client.connection.*). */
export function seriesName(name: string): string {
  return name.startsWith('db_client_') ? name : `sluice_${name}`;
}

/** The node's metrics: one registry, every name from the table above. */
export class Metrics {
  readonly registry = new Registry();
  readonly #metrics = new Map<string, Counter | Gauge | Histogram>();
  readonly #samplers = new Set<() => void>();

  constructor() {
    for (const [name, row] of Object.entries(METRICS) as [MetricName, Row][]) {
      const common = { name: seriesName(name), help: row.help, labelNames: [...(row.labels ?? [])], registers: [this.registry] };
      if (row.type === 'counter') this.#metrics.set(name, new Counter(common));
      else if (row.type === 'gauge') {
        const gauge = new Gauge(common);
        if (row.labels === undefined) gauge.remove(); // a gauge that nobody has set says nothing: 0 would be a claim, and of many nodes only one knows some of them
        this.#metrics.set(name, gauge);
      }
      else this.#metrics.set(name, new Histogram({ ...common, buckets: [...row.buckets] }));
    }
    collectDefaultMetrics({ register: this.registry, prefix: 'sluice_' });
  }

  /**
   * Has `sample` set gauges whenever the metrics are asked for, so that they tell of that moment.
   * @returns to be called when its subject ends
   */
  sampled(sample: () => void): () => void {
    this.#samplers.add(sample);
    return () => this.#samplers.delete(sample);
  }

  /** All metrics as Prometheus reads them. */
  async text(): Promise<{ contentType: string; body: string }> {
    this.sample();
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  /** The series of one metric as they are now; of a histogram `_sum` and `_count` alone, told apart by `part`. Gauges that are sampled are those of `sample`. */
  async series(name: MetricName): Promise<{ labels: Record<string, string | number>; value: number; part?: 'sum' | 'count' }[]> {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return [];
    const { values } = await metric.get();
    if (METRICS[name].type !== 'histogram') return values.map(({ labels, value }) => ({ labels: labels as Record<string, string | number>, value }));
    return (values as { labels: Record<string, string | number>; value: number; metricName?: string }[]).flatMap(({ labels, value, metricName }) => {
      const part = metricName?.endsWith('_sum') === true ? 'sum' : metricName?.endsWith('_count') === true ? 'count' : undefined;
      return part === undefined ? [] : [{ labels, value, part }];
    });
  }

  /** How many observations of a histogram, summed over the series that `of` takes, are at most each bound, ascending; the last bound is infinite. */
  async buckets(name: MetricName, of: (series: { labels: Record<string, string | number> }) => boolean): Promise<{ bound: number; count: number }[]> {
    const { values } = (await this.#metrics.get(name)?.get()) ?? { values: [] };
    const counts = new Map<number, number>();
    for (const { labels, value } of (values as { labels: Record<string, string | number>; value: number }[]).filter(of)) {
      if (labels.le === undefined) continue;
      const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + value);
    }
    return [...counts].map(([bound, count]) => ({ bound, count })).sort((a, b) => a.bound - b.bound);
  }

  /** Sets the gauges that tell of a moment. */
  sample(): void {
    for (const sample of this.#samplers) sample();
  }

  /** Adds to a counter. */
  count<N extends MetricName>(name: N, labels: Labels<N>, by = 1): void {
    (this.#metrics.get(name) as Counter).inc(labels, by);
  }

  /** Sets a gauge. */
  set<N extends MetricName>(name: N, labels: Labels<N>, value: number): void {
    (this.#metrics.get(name) as Gauge).set(labels, value);
  }

  /** Records one observation of a histogram. */
  observe<N extends MetricName>(name: N, labels: Labels<N>, value: number): void {
    (this.#metrics.get(name) as Histogram).observe(labels, value);
  }

  /** Forgets the series of a gauge whose subject is gone. */
  forget<N extends MetricName>(name: N, labels: Labels<N>): void {
    (this.#metrics.get(name) as Gauge).remove(labels);
  }
}
