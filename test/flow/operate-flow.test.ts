import pg from 'pg';
import type { ListedShard, SinkBacklog } from '../../shared/contracts/delivery.ts';
import type { QueueState } from '../../shared/contracts/queues.ts';
import type { RunningNode } from '../../shared/runtime/node.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { startLoad } from '../helpers/load.ts';
import { metric } from '../helpers/metric.ts';
import { countRows, query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };
let system: TestSystem;
let sink: string;
beforeAll(async () => {
  system = await startSystem({ writers: 2, relays: 2, settings: { tradeServiceUrl: 'http://127.0.0.1:9', shardLease: 2_000 } });
  sink = `kafka:${system.settings.ordersTopic}`;
});
afterAll(() => system.stop());

const get = async <T>(path: string) => (await send(system.url, 'GET', path)).body as unknown as T;
const operate = (path: string, body: Record<string, unknown> = {}) => send(system.url, 'POST', path, body);
const idOf = (node: RunningNode | undefined) => node?.context.nodeId ?? '';
const post = () => send(system.url, 'POST', '/api/v1/executions', execution());
const audited = async (operation: string) => Number((await query<{ n: string }>(system.databaseUrl, `select count(*) as n from audit where operation = '${operation}'`))[0]?.n);
const written = async (node: RunningNode | undefined) => [...((await node?.context.metrics.text())?.body ?? '').matchAll(/^sluice_writer_rows_total\{[^}]*\} (\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
const shards = async () => (await get<{ shards: ListedShard[] }>(`/api/v1/shards?sink=${encodeURIComponent(sink)}`)).shards;
const backlog = async () => (await get<{ sinks: (SinkBacklog & { sink: string })[] }>('/api/v1/backlog?over=1s')).sinks.find((one) => one.sink === sink);
const delivered = () => waitFor(async () => (await query(system.databaseUrl, `select 1 from ledger where state = 'waiting' limit 1`)).length === 0, { ...LONG, what: 'everything to be delivered' });

test('a drained writer is given no more chunks under load, nothing fails or is lost, and it works again once it is lifted', async () => {
  const [drained, other] = system.writers;
  const load = startLoad(system.url, { senders: 6, items: 200 });
  try {
    await waitFor(async () => (await written(drained)) > 0, { ...LONG, what: 'the writer to have work' });
    const preview = await operate(`/api/v1/nodes/${idOf(drained)}/drain`, { dryRun: true });
    expect(preview.body).toMatchObject({ dryRun: true, from: 'working', to: 'drained', lastOf: [] });
    expect((await operate(`/api/v1/nodes/${idOf(drained)}/drain`)).body).toMatchObject({ from: 'working', to: 'drained' });
    // What it had is finished; then its count stands while the other's goes on.
    await waitFor(async () => {
      const before = [await written(drained), await written(other)] as const;
      await waitFor(async () => (await written(other)) > before[1] + 2_000, { ...LONG, what: 'the other writer to write' });
      return (await written(drained)) === before[0];
    }, { ...LONG, what: 'the drained writer to have nothing' });
    const listed = await get<{ nodes: { node: string; ready: boolean; parts: Record<string, { why?: string }> }[] }>('/api/v1/nodes');
    expect(listed.nodes.find(({ node }) => node === idOf(drained))).toMatchObject({ ready: false, parts: { duty: { status: 'down' } } });
    const last = await operate(`/api/v1/nodes/${idOf(other)}/drain`);
    expect([last.status, last.body.code]).toEqual([409, 'last-of-its-kind']);
    const stood = await written(drained);
    await operate(`/api/v1/nodes/${idOf(drained)}/undrain`);
    await waitFor(async () => (await written(drained)) > stood, { ...LONG, what: 'the writer to have work again' });
  } finally {
    await load.stop();
  }
  expect([...load.statuses.keys()].filter((status) => ![201, 207, 503].includes(status))).toEqual([]);
  expect(await countRows(system.databaseUrl, 'execution')).toBe(load.told.filter(({ fate }) => fate === 'stored').length);
  expect([await audited('nodes.drain'), await audited('nodes.undrain')]).toEqual([1, 1]);
}, 180_000);

test('of two who drain the last two writers at once one is refused, and of two who pause at once both are heard', async () => {
  const both = await Promise.all(system.writers.map((writer) => operate(`/api/v1/nodes/${idOf(writer)}/drain`)));
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  await Promise.all(system.writers.map((writer) => operate(`/api/v1/nodes/${idOf(writer)}/undrain`)));
  await Promise.all(['high', 'low'].map((queue) => operate(`/api/v1/queues/${queue}/pause`)));
  expect((await operate('/api/v1/queues/normal/pause', { dryRun: true })).body).toMatchObject({ from: ['high', 'low'], to: ['high', 'normal', 'low'] });
  await Promise.all(['high', 'low'].map((queue) => operate(`/api/v1/queues/${queue}/resume`)));
  expect((await operate('/api/v1/queues/normal/pause', { dryRun: true })).body).toMatchObject({ from: [], to: ['normal'] });
}, 60_000);

test('a drained relay hands every shard over, what is due is delivered by the other, and it takes its part again', async () => {
  const [drained, other] = system.relays;
  await operate(`/api/v1/nodes/${idOf(drained)}/drain`);
  await waitFor(async () => (await shards()).every(({ owner }) => owner === idOf(other)), { ...LONG, what: 'the other relay to own all' });
  expect((await post()).status).toBe(201);
  await delivered();
  await operate(`/api/v1/nodes/${idOf(drained)}/undrain`);
  await waitFor(async () => new Set((await shards()).map(({ owner }) => owner)).size === 2 && (await shards()).every(({ owner }) => owner !== null), { ...LONG, what: 'both to own shards again' });
}, 180_000);

test('where every writer was drained, the edge says so, and what lets one back', async () => {
  for (const writer of system.writers) await operate(`/api/v1/nodes/${idOf(writer)}/drain`, { force: true });
  await waitFor(async () => (await send(system.url, 'GET', '/health/ready')).text.includes('Every writer was drained by an operator'), { ...LONG, what: 'the edge to say why nothing can be written' });
  for (const writer of system.writers) await operate(`/api/v1/nodes/${idOf(writer)}/undrain`);
  await waitFor(async () => (await post()).status === 201, { ...LONG, what: 'the writers to have work again' });
}, 120_000);

test('a drained edge says that it is not ready, and takes in what comes all the same', async () => {
  const id = idOf(system.edge);
  expect((await operate(`/api/v1/nodes/${id}/drain`)).body.code).toBe('last-of-its-kind');
  expect((await operate(`/api/v1/nodes/${id}/drain`, { force: true })).body).toMatchObject({ to: 'drained', lastOf: ['gateway'] });
  await waitFor(async () => (await send(system.url, 'GET', '/health/ready')).status === 503, { what: 'the edge not to be ready' });
  expect((await post()).status).toBe(201);
  await operate(`/api/v1/nodes/${id}/undrain`);
  await waitFor(async () => (await send(system.url, 'GET', '/health/ready')).status === 200, { what: 'the edge to be ready' });
  expect((await operate('/api/v1/nodes/nobody/drain')).status).toBe(404);
});

test('a shard goes to another relay, which keeps it though it owns one too many; the only relay keeps what it has', async () => {
  const shard = (await waitFor(async () => (await shards()).find(({ owner }) => owner === idOf(system.relays[0])), { ...LONG, what: 'a shard of the first relay' })).shard;
  const path = `/api/v1/shards/${encodeURIComponent(sink)}/${shard}/handover`;
  const ownerOf = async () => (await shards()).find((one) => one.shard === shard)?.owner;
  expect((await operate(path, { dryRun: true })).body).toMatchObject({ dryRun: true, from: idOf(system.relays[0]), to: idOf(system.relays[1]) });
  expect(await ownerOf()).toBe(idOf(system.relays[0]));
  expect((await operate(path)).body).toMatchObject({ to: idOf(system.relays[1]) });
  expect(await ownerOf()).toBe(idOf(system.relays[1]));
  // Shares come out even again, by another shard.
  await waitFor(async () => (await shards()).filter(({ owner }) => owner === idOf(system.relays[0])).length === system.settings.shards / 2, { ...LONG, what: 'the shares to come out even' });
  expect(await ownerOf()).toBe(idOf(system.relays[1]));
  expect((await operate(path, { to: 'nobody' })).body.code).toBe('no-other-relay');
  expect((await operate(`/api/v1/shards/${encodeURIComponent(sink)}/999/handover`)).status).toBe(404);
}, 120_000);

test('a breaker that an operator opened holds until it is reset: what is due waits, is told as standing, and is delivered then', async () => {
  await delivered();
  expect((await operate('/api/v1/breakers/kafka/trip', { dryRun: true })).body).toMatchObject({ dryRun: true, to: 'open' });
  await operate('/api/v1/breakers/kafka/trip', { why: 'tried' });
  expect((await post()).status).toBe(201);
  const listed = await get<{ breakers: { name: string; state: string; tripped: boolean }[] }>('/api/v1/breakers');
  expect(listed.breakers.filter(({ name }) => name === 'kafka').map(({ state, tripped }) => [state, tripped])).toEqual([['open', true], ['open', true]]);
  expect(await backlog()).toMatchObject({ waiting: 1, outPerS: 0, trend: 'stands', drainedInS: null });
  expect((await send(system.url, 'GET', '/health/ready')).text).toContain('sluice breakers reset kafka');
  await operate('/api/v1/breakers/kafka/reset');
  await delivered();
  expect(await backlog()).toMatchObject({ waiting: 0, trend: 'empty', drainedInS: 0 });
  expect((await operate('/api/v1/breakers/none/trip')).status).toBe(404);
  expect(await audited('breakers.trip')).toBe(1);
}, 120_000);

test('the admission breaker and the trade service\'s are opened and reset by hand too', async () => {
  await operate('/api/v1/breakers/admission/trip');
  await waitFor(async () => (await post()).body.code === 'pools-exhausted', { ...LONG, what: 'writing requests to be refused' });
  expect((await send(system.url, 'GET', '/api/v1/executions')).status).toBe(200);
  await operate('/api/v1/breakers/admission/reset');
  await waitFor(async () => (await post()).status === 201, { ...LONG, what: 'writing requests to be let in' });
  expect((await operate('/api/v1/breakers/trade-service/trip')).body).toMatchObject({ to: 'open' });
  expect(await metric(system.url, 'trade_breaker_state')).toBe(2);
  await operate('/api/v1/breakers/trade-service/reset');
  expect(await metric(system.url, 'trade_breaker_state')).toBe(0);
}, 120_000);

test('a paused queue takes nothing new, the others go on, and it goes on where it stood', async () => {
  const upload = (priority: string, start = 'auto') => send(system.url, 'POST', `/api/v1/batches/executions?priority=${priority}&start=${start}`, [execution(), execution()]);
  expect((await operate('/api/v1/queues/requests/pause', { dryRun: true })).body).toMatchObject({ dryRun: true, from: [], to: ['requests'] });
  expect((await operate('/api/v1/queues/requests/pause', { dryRun: null })).status).toBe(400);
  expect((await post()).status).toBe(201);
  await operate('/api/v1/queues/requests/pause');
  const refused = await waitFor(async () => {
    const answer = await post();
    return answer.status === 503 && answer;
  }, { what: 'requests to be refused' });
  expect([refused.body.code, refused.headers.get('retry-after')]).toEqual(['queue-paused', '10']);
  expect((await upload('low')).status).toBe(202);
  await operate('/api/v1/queues/requests/resume');
  await waitFor(async () => (await post()).status === 201, { what: 'requests to be let in' });

  const staged = (await upload('low', 'manual')).body as { batchId: string };
  await operate('/api/v1/queues/low/pause');
  await waitFor(async () => (await upload('low')).body.code === 'queue-paused', { what: 'uploads of the lane to be refused' });
  expect((await upload('high')).status).toBe(202);
  await send(system.url, 'POST', `/api/v1/batches/${staged.batchId}/start`);
  const low = await waitFor(async () => (await get<{ queues: QueueState[] }>('/api/v1/queues')).queues.find(({ queue, underway }) => queue === 'low' && underway === 1), { what: 'the batch to be under way' });
  expect(low).toMatchObject({ paused: true, waiting: 2 });
  await operate('/api/v1/queues/low/resume');
  await waitFor(async () => (await send(system.url, 'GET', `/api/v1/batches/${staged.batchId}`)).text.includes('"COMPLETED"'), { ...LONG, what: 'the batch to be completed' });
  expect(await audited('settings.set')).toBe(8);
}, 120_000);

test('what writers have in hand is told as in flight', async () => {
  const holder = new pg.Client({ connectionString: system.databaseUrl });
  await holder.connect();
  try {
    await holder.query('begin; lock table execution in exclusive mode');
    const answer = post();
    await waitFor(async () => (await get<{ queues: QueueState[] }>('/api/v1/queues')).queues.find(({ queue, inFlight }) => queue === 'requests' && inFlight === 1), { what: 'an item to be in flight' });
    await holder.query('rollback');
    expect((await answer).status).toBe(201);
  } finally {
    await holder.end();
  }
}, 60_000);

test('the commands say the same in tables', async () => {
  const sluice = async (...args: string[]) => {
    const { out, code } = await runSluice(args, { env: { SLUICE_URL: system.url } });
    expect([args, code]).toEqual([args, 0]);
    return out;
  };
  expect(await sluice('backlog', '--over', '1s')).toMatch(new RegExp(`SINK.*OUTLOOK[^]*${sink}.*empty`));
  expect(await sluice('shards', 'list', '--sink', sink)).toMatch(new RegExp(`${sink} +0 +relay-`));
  expect(await sluice('breakers')).toMatch(/kafka +relay-\S+ +closed/);
  expect(await sluice('breakers', 'trip', 'kafka', '--dry-run')).toMatch(/closed → open[^]*Nothing was changed/);
  expect(await sluice('queues')).toMatch(/ITEMS IN FLIGHT[^]*requests +open +\d+ +\d+ +\d+ /);
  expect(await sluice('queues', 'pause', 'low', '--dry-run')).toContain('Paused: none → low. Nothing was changed.');
  expect(await sluice('nodes', 'drain', idOf(system.writers[0]), '--dry-run')).toContain('is working; it would be drained. Nothing was changed.');
});
