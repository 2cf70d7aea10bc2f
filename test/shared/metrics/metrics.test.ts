import { METRICS, Metrics, seriesName, unitOf, type MetricName } from '../../../shared/metrics/metrics.ts';

type Row = { type: 'counter' | 'gauge' | 'histogram'; help: string; labels?: readonly string[]; buckets?: readonly number[] };
const TABLE = Object.entries(METRICS) as [MetricName, Row][];
/** Labels whose values are few and known; a label that is not here would let a client make series. */
const CLOSED_SETS = ['type', 'action', 'cause', 'cluster', 'code', 'kind', 'law', 'list', 'node', 'outcome', 'pool', 'queue', 'reason', 'result', 'route', 'sink', 'size', 'state', 'status'];

test('every name of the table is registered with its type, help and prefix, and nothing else is, but what Node tells of itself', async () => {
  const registered = await new Metrics().registry.getMetricsAsJSON();
  for (const [name, row] of TABLE) expect(registered.find((m) => m.name === seriesName(name))).toMatchObject({ type: row.type, help: row.help });
  const others = registered.map((m) => m.name).filter((name) => !TABLE.some(([known]) => name === seriesName(known)));
  expect(others.filter((name) => !/^sluice_(process|nodejs)_/.test(name))).toEqual([]);
});

test.each(TABLE)('%s is named stage, fact, unit', (name, row) => {
  expect(name).toMatch(/^(gateway|batcher|bulk_submission|order_names|trade|writer|relay|pool|law|large|database|limiter|db_client_connection)(_[a-z]+)+$/);
  expect(name.endsWith('_total')).toBe(row.type === 'counter');
  if (row.type === 'histogram') expect(name).toMatch(/_(seconds|rows|bytes|items)$/);
  expect(row.help).toMatch(/^[A-Z].*\.$/);
});

/** What things are counted and measured in; a metric with a new unit adds it here. */
const UNITS = ['seconds', 'bytes', '0 to 1', '0, 1 or 2', '0 or 1', 'requests', 'connections', 'items', 'items a second', 'uploads', 'slots', 'attempts', 'handovers', 'batches', 'rows', 'flushes', 'slices', 'sends', 'messages', 'shards', 'record batches', 'commands', 'orders', 'chunks', 'calls', 'breaches', 'passes', 'checks', 'samples', 'openings', 'ids', 'decisions'];

test.each(TABLE)('%s says what it counts or measures in', (name) => {
  expect(UNITS).toContain(unitOf(name));
});

test.each(TABLE)('%s has labels of closed sets only: no id, batch or request', (_, row) => {
  expect((row.labels ?? []).filter((label) => !CLOSED_SETS.includes(label))).toEqual([]);
});

test('what OpenTelemetry has a name for has that name, and all else the prefix of Sluice', () => {
  expect(seriesName('db_client_connection_count')).toBe('db_client_connection_count');
  expect(seriesName('pool_connections')).toBe('sluice_pool_connections');
});

test('buckets ascend', () => {
  for (const [, row] of TABLE) expect(row.buckets ?? []).toEqual([...new Set(row.buckets)].sort((a, b) => a - b));
});

test('counted, set, observed and forgotten figures are told', async () => {
  const metrics = new Metrics();
  const told = async (start: string) => (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(start));
  metrics.count('writer_rows_total', { kind: 'execution' }, 5);
  metrics.count('writer_rows_total', { kind: 'execution' });
  expect(await told('sluice_writer_rows_total{')).toEqual(['sluice_writer_rows_total{kind="execution"} 6']);
  metrics.set('relay_shards_owned', { sink: 'kafka:orders' }, 32);
  metrics.set('relay_shards_owned', { sink: 'http:trade-service' }, 16);
  metrics.forget('relay_shards_owned', { sink: 'kafka:orders' });
  expect(await told('sluice_relay_shards_owned{')).toEqual(['sluice_relay_shards_owned{sink="http:trade-service"} 16']);
  metrics.observe('writer_flush_rows', { kind: 'execution' }, 500);
  expect(await told('sluice_writer_flush_rows_')).toContain('sluice_writer_flush_rows_sum{kind="execution"} 500');
});

test('two nodes in one process keep their figures apart', async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.count('writer_rows_total', { kind: 'execution' }, 5);
  expect(await other.registry.metrics()).not.toContain('writer_rows_total{');
});

test('a gauge that nobody has set is not told, a counter is from the start', async () => {
  const { body } = await new Metrics().text();
  expect(body).not.toMatch(/^sluice_law_broken /m);
  expect(body).toMatch(/^sluice_law_failures_total 0$/m);
});

test('a sampled gauge tells of the moment in which it is asked, until its subject ends', async () => {
  const metrics = new Metrics();
  let depth = 3;
  const forget = metrics.sampled(() => metrics.set('batcher_queue_items', {}, depth));
  expect((await metrics.text()).body).toContain('sluice_batcher_queue_items 3\n');
  depth = 4;
  expect((await metrics.text()).body).toContain('sluice_batcher_queue_items 4\n');
  forget();
  depth = 5;
  expect((await metrics.text()).body).toContain('sluice_batcher_queue_items 4\n');
});
