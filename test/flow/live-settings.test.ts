import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 2 });
});
afterAll(() => system.stop());

const LONG = { timeoutMs: 20_000 };
const put = (name: string, body: unknown) => send(system.url, 'PUT', `/api/v1/settings/${name}`, body);
const batchOf = (count: number) => send(system.url, 'POST', '/api/v1/executions/batch', { executions: Array.from({ length: count }, () => execution()) });
interface OnNodes {
  nodes: { node: string; value: unknown }[];
}
const runs = async (name: string) => ((await send(system.url, 'GET', `/api/v1/settings/${name}`)).body as unknown as OnNodes).nodes.map(({ value }) => value);

test('a setting changed while requests come holds on every node, and they go on', async () => {
  let stop = false;
  const statuses = new Set<number>();
  const load = (async () => {
    while (!stop) statuses.add((await batchOf(2)).status);
  })();
  expect(await runs('maxBatchItems')).toEqual([5_000, 5_000, 5_000]);
  const changed = await put('maxBatchItems', { value: 3, why: 'a test' });
  expect(changed).toMatchObject({ status: 200, body: { setting: 'maxBatchItems', from: 5_000, to: 3 } });
  await waitFor(async () => (await runs('maxBatchItems')).every((value) => value === 3), { ...LONG, what: 'all nodes to take it' });
  expect((await batchOf(4)).status).toBe(413);
  expect((await batchOf(3)).status).toBe(201);
  stop = true;
  await load;
  expect([...statuses]).toEqual([201]);
  const { change } = changed.body as { change?: number };
  expect((await send(system.url, 'POST', `/api/v1/settings/history/${change ?? 0}/revert`, {})).status).toBe(200);
  await waitFor(async () => (await runs('maxBatchItems')).every((value) => value === 5_000), { ...LONG, what: 'all nodes to go back' });
  expect((await batchOf(4)).status).toBe(201);
});

test('a dry run tells what would change, on which nodes, and changes nothing', async () => {
  const told = await put('maxRetries', { value: 9, dryRun: true });
  expect(told).toMatchObject({ status: 200, body: { dryRun: true, setting: 'maxRetries', from: 3, to: 9, unit: 'count', bounds: { min: 0, max: 100 } } });
  expect((told.body as unknown as OnNodes).nodes).toHaveLength(3);
  expect(await query(system.databaseUrl, `select 1 from setting_change where name = 'maxRetries'`)).toEqual([]);
  expect(await runs('maxRetries')).toEqual([3, 3, 3]);
});

test('history and audit name who changed what, from what, and why, and only the newest change of a setting can be taken back', async () => {
  const first = (await send(system.url, 'PUT', '/api/v1/settings/replayRate', { value: '50', why: 'calm' }, { 'Sluice-Operator': 'ada' })).body as { change?: number };
  const second = (await put('REPLAY_RATE', { value: 60 })).body as { change?: number };
  const old = await send(system.url, 'POST', `/api/v1/settings/history/${first.change ?? 0}/revert`, {});
  expect(old).toMatchObject({ status: 409, body: { code: 'not-newest' } });
  const tried = await send(system.url, 'POST', `/api/v1/settings/history/${second.change ?? 0}/revert`, { dryRun: true });
  expect(tried.body).toMatchObject({ dryRun: true, setting: 'replayRate', from: '60', to: '50', bounds: { min: 1, max: 100_000 } });
  expect((tried.body as unknown as OnNodes).nodes).toHaveLength(3);
  const back = await send(system.url, 'POST', `/api/v1/settings/history/${second.change ?? 0}/revert`, { why: 'no' });
  expect(back.body).toMatchObject({ setting: 'replayRate', from: '60', to: '50' });
  const { content } = (await send(system.url, 'GET', '/api/v1/settings/history?setting=replayRate')).body as unknown as { content: Record<string, unknown>[] };
  expect(content).toMatchObject([{ from: '60', to: '50', reverts: second.change, why: 'no' }, { from: '50', to: '60', revertedBy: content[0]?.change }, { from: null, to: '50', who: 'ada', why: 'calm' }]);
  const audit = (await send(system.url, 'GET', '/api/v1/audit?operation=settings.set')).body as unknown as { content: { who: string; target: unknown }[] };
  expect(audit.content).toContainEqual(expect.objectContaining({ who: 'ada', target: { setting: 'replayRate' } }));
});

test.each([
  ['maxRetires', { value: 1 }, 404, 'not-found', 'maxRetries'], ['writerConcurrency', { value: 1 }, 409, 'not-live', 'WRITER_CONCURRENCY'], ['maxRetries', { value: 101 }, 400, 'invalid-value', '0 to 100'],
  ['maxRetries', {}, 400, 'invalid-arguments', 'value must be given'], ['maxRetries', { value: 1, whatever: 2 }, 400, 'invalid-arguments', 'not known'], ['maxRetries', [1], 400, 'invalid-arguments', 'object'], ['logLevel', { value: 'loud' }, 400, 'invalid-value', 'one of'],
])('PUT of %s with %j is %d %s, and says what to do', async (name, body, status, code, says) => {
  const refused = await put(name, body);
  expect(refused).toMatchObject({ status, body: { code } });
  expect(refused.text).toContain(says);
});

test('no secret is told', async () => {
  const { text } = await send(system.url, 'GET', '/api/v1/settings');
  expect(text).toContain('(set, hidden)');
  expect(text).not.toContain(system.databaseUrl);
});

test('two who change the same setting at once leave one value, and a history in which each begins where the other ended', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => put('retryInitialDelay', { value: 100 + i })));
  const { content } = (await send(system.url, 'GET', '/api/v1/settings/history?setting=retryInitialDelay')).body as unknown as { content: { from: string | null; to: string }[] };
  expect(content).toHaveLength(8);
  content.slice(0, -1).forEach((change, i) => expect(change.from).toBe(content[i + 1]?.to));
  await waitFor(async () => (await runs('retryInitialDelay')).every((value) => String(value) === content[0]?.to), { ...LONG, what: 'all nodes to run the last one' });
});

test('a node that joins later runs what was changed before', async () => {
  await put('checkpointInterval', { value: 77 });
  await system.join('writer');
  await waitFor(async () => {
    const values = await runs('checkpointInterval');
    return values.length === 4 && values.every((value) => value === 77);
  }, { ...LONG, what: 'the new node too' });
});

test('what one node logs is changed on that node alone', async () => {
  interface Nodes {
    nodes: { node: string; logLevel: string; services: string[] }[];
  }
  const list = async () => ((await send(system.url, 'GET', '/api/v1/nodes')).body as unknown as Nodes).nodes;
  const [one] = (await list()).filter(({ services }) => services.includes('writer'));
  const path = `/api/v1/nodes/${one?.node ?? ''}/log-level`;
  expect((await send(system.url, 'PUT', path, { level: 'fatal', dryRun: true })).body).toMatchObject({ dryRun: true, from: 'silent', to: 'fatal' });
  expect((await send(system.url, 'PUT', path, { level: 'fatal' })).status).toBe(200);
  expect((await list()).filter(({ logLevel }) => logLevel === 'fatal').map(({ node }) => node)).toEqual([one?.node]);
  expect((await send(system.url, 'PUT', '/api/v1/nodes/nobody/log-level', { level: 'fatal' })).status).toBe(404);
});
