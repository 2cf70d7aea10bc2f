import { randomUUID } from 'node:crypto';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { matches, readSeries, seriesIn, type Named } from '../helpers/promql.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { PANELS } from './dashboards.ts';
import { RULES } from './rules.ts';

let system: TestSystem;
beforeAll(async () => {
  // Of a trade service that is away.
  system = await startSystem({ writers: 1, relays: 2, settings: { tradeServiceUrl: 'http://127.0.0.1:9', poolSampleInterval: 200, databaseSampleInterval: 300, verifyInterval: 500 } });
});
afterAll(() => system.stop());

/** Labels that Prometheus gives, not the node. */
const GIVEN = ['job', 'instance', 'role', 'namespace'];

async function exported() {
  const texts = await Promise.all([system.edge, ...system.writers, ...system.relays].map((node) => node.context.metrics.text()));
  return texts.flatMap(({ body }) => readSeries(body));
}

async function missing(wanted: readonly Named[]): Promise<string[]> {
  const there = await exported();
  return wanted
    .filter(({ name, matchers }) => !there.some((one) => one.name === name && matchers.every((m) => GIVEN.includes(m.label) || matches(m, one.labels[m.label] ?? ''))))
    .map(({ name, matchers }) => `${name}{${matchers.map((m) => `${m.label}${m.is}"${m.value}"`).join(', ')}}`);
}

test('F50 a system under a little load, with a few faults, exports every series that a rule or a panel names', async () => {
  const recorded = RULES.flatMap(({ record }) => record ?? []);
  const wanted = [...RULES.map(({ expr }) => expr), ...PANELS.map(({ expr }) => expr)].flatMap(seriesIn).filter(({ name }) => name !== 'up' && !recorded.includes(name));
  expect(wanted.length).toBeGreaterThan(15);
  const bad = execution({ quantity: -1 });
  for (const items of [[execution(), execution()], [execution(), bad], [bad]]) await send(system.url, 'POST', '/api/v1/executions/batch', { executions: items });
  expect((await send(system.url, 'POST', '/api/v1/batches/executions', [execution(), execution()])).status).toBe(202);
  // Fails for its bad item.
  expect((await send(system.url, 'POST', '/api/v1/batches/executions?errorPolicy=stop', [bad])).status).toBe(409);
  let left: string[] = [];
  await waitFor(async () => (left = await missing(wanted)).length === 0, { timeoutMs: 40_000, what: 'every series to be there' }).catch(() => undefined);
  expect(left).toEqual([]);
});

test('one node tells what only the database knows: batches by state and late ones, ids given out, size and room', async () => {
  const sum = async (name: string, labels: Record<string, string> = {}) => (await exported()).filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)).length;
  const value = async (name: string, label: string) => {
    for (const { context } of system.relays) {
      const line = (await context.metrics.text()).body.split('\n').find((one) => one.startsWith(name) && one.includes(label));
      if (line !== undefined) return Number(line.slice(line.lastIndexOf(' ') + 1));
    }
    return undefined;
  };
  // One of two relays.
  await waitFor(async () => (await sum('sluice_database_size_bytes')) === 1, { timeoutMs: 30_000, what: 'one node alone to tell' });
  await waitFor(async () => (await value('sluice_large_batches{', 'kind="execution",state="FAILED"')) === 1, { timeoutMs: 30_000, what: 'the failed batch to be told' });
  expect(await value('sluice_database_given_ids{', 'execution')).toBeGreaterThanOrEqual(1_024);
  expect(await value('sluice_database_room_bytes', '')).toBeGreaterThan((await value('sluice_database_size_bytes', '')) ?? Infinity);
  expect(await value('sluice_large_batches_late{', 'execution')).toBe(0);
  await plantLate();
  await waitFor(async () => (await value('sluice_large_batches_late{', 'execution')) === 1, { timeoutMs: 30_000, what: 'the late batch to be told' });
});

/** A batch of an hour ago that had done a seventh in four minutes, and is not done yet; no edge has anything to do with it. */
async function plantLate(): Promise<void> {
  const id = randomUUID();
  await query(system.databaseUrl, `insert into batch (id, kind, client, epoch, state, requested, received_at, lease_owner, lease_until, large) values ($1, 'execution', 'late', 0, 'open', 0, now(), 'nobody', now() + interval '14 s', true)`, [id]);
  await query(system.databaseUrl, `insert into large_batch (id, kind, client, state, staged, parallelism, checkpoint_interval, created_at, deadline_at, total) values ($1, 'execution', 'late', 'RECEIVING', false, 5, 1000, now() - interval '1 hour', now() + interval '1 hour', 10000)`, [id]);
  await query(system.databaseUrl, `insert into checkpoint (batch_id, no, at, items, bytes, written, rejected, carried) select $1, n, now() - interval '1 hour' + n * interval '1 min', n * 500, 0, n * 500, 0, false from generate_series(1, 4) n`, [id]);
}
