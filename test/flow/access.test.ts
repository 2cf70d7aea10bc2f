import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import pg from 'pg';
import { createGateway } from '../../services/gateway/gateway.service.ts';
import { routesOf, type Route } from '../../services/gateway/routes-table.ts';
import { newKey, rolesOf, type Role } from '../../shared/access/api-keys.ts';
import { CREATE_API_KEY } from '../../shared/db/queries/api-keys.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { startNode } from '../../shared/runtime/node.ts';
import { execution } from '../helpers/executions.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
const keys: Record<Role | 'other' | 'narrow', string> = { submit: '', read: '', operate: '', other: '', narrow: '' };

beforeAll(async () => {
  system = await startSystem();
  // Before there is a key: as ever.
  expect((await call('POST', '/api/v1/executions', { body: execution() })).status).toBe(201);
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  const make = async (name: string, roles: Role[], kinds: string[] | null = null) => {
    const { text, id, hash } = newKey();
    await client.query(CREATE_API_KEY.text, [id, name, hash, roles, kinds, null, null, null, 'test']);
    return text;
  };
  keys.submit = await make('desk', ['submit']);
  keys.other = await make('other-desk', ['submit']);
  keys.narrow = await make('narrow', ['submit'], ['revaluation']);
  keys.read = await make('auditor', ['read']);
  keys.operate = await make('ada', ['operate']);
  await client.end();
  await waitFor(async () => (await call('GET', '/api/v1/executions')).status === 401, { timeoutMs: 20_000, what: 'the edge to hear of the keys' });
});
afterAll(() => system.stop());

interface Ask {
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function call(method: string, path: string, { key, body, headers = {} }: Ask = {}) {
  const response = await fetch(system.url + path, {
    method,
    headers: { ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Record<string, unknown> };
}

const pathOf = (route: Route) => route.path.replace('{package}', 'preact').replace('{version}', '1').replace('{file}', 'swagger-ui.css').replace('{id}', randomUUID());

test('F56 every route there is asks for a key with its role, and is closed to none, a wrong one and a lesser one', async () => {
  const routes = routesOf(await loadKinds(''));
  expect(routes.length).toBeGreaterThan(30);
  const withoutKey = routes.filter(({ access }) => !Array.isArray(access)).map(({ path }) => path);
  expect(withoutKey.filter((path) => !path.startsWith('/console'))).toEqual(['/health/live', '/health/ready', '/actuator/health/liveness', '/actuator/health/readiness', '/metrics', '/metrics/targets', '/openapi.json', '/docs', '/docs/{file}']);
  expect(withoutKey.filter((path) => path.startsWith('/console'))).toEqual(['/console', '/console/session', '/console/session', '/console/session', '/console/{file}', '/console/vendor/{package}/{version}/{file}']);
  for (const route of routes) {
    const path = pathOf(route);
    const statusWith = async (key?: string) => {
      const stop = new AbortController();
      const { status } = await fetch(system.url + path, { method: route.method, headers: key === undefined ? {} : { Authorization: `Bearer ${key}` }, signal: stop.signal });
      // Some routes tell on and on.
      stop.abort();
      return status;
    };
    const what = `${route.method} ${route.path}`;
    expect([what, await statusWith(newKey().text)]).toEqual([what, 401]);
    // The test itself calls from loopback: what is local is open to it (who calls from elsewhere: authenticate.test.ts).
    if (route.access === 'open' || route.access === 'local') {
      expect([what, [401, 403].includes(await statusWith())]).toEqual([what, false]);
      continue;
    }
    expect([what, await statusWith()]).toEqual([what, 401]);
    for (const role of ['submit', 'read', 'operate'] as const) {
      const may = route.access.some((needed) => rolesOf([role]).has(needed));
      const status = await statusWith(keys[role]);
      expect([what, role, status === 403]).toEqual([what, role, !may]);
      expect([what, role, status === 401]).toEqual([what, role, false]);
    }
  }
});

test('what was refused for want of a key was not done', async () => {
  const before = await query(system.databaseUrl, 'select count(*) as n from execution');
  expect((await call('POST', '/api/v1/executions', { body: execution() })).status).toBe(401);
  expect((await call('POST', '/api/v1/executions', { body: execution(), key: keys.read })).status).toBe(403);
  expect((await call('POST', '/api/v1/executions', { body: execution(), key: keys.narrow })).json()).toMatchObject({ status: 403, code: 'kind-not-allowed' });
  expect((await call('POST', '/api/v1/batches/executions', { body: [execution()], key: keys.narrow })).status).toBe(403);
  expect((await call('POST', '/api/v1/orders/batch/submit', { body: { orderIds: [1] }, key: keys.narrow })).json()).toMatchObject({ status: 403, code: 'kind-not-allowed' });
  expect((await call('POST', '/api/v1/orders/1/submit', { key: keys.narrow })).json()).toMatchObject({ status: 403, code: 'kind-not-allowed' });
  expect(await query(system.databaseUrl, 'select count(*) as n from execution')).toEqual(before);
});

test('a client sees its own batches and receipts, another\'s are not there for it, and who may read sees all', async () => {
  const reference = `ref-${randomUUID()}`;
  const sent = await call('POST', '/api/v1/executions/batch', { key: keys.submit, body: { executions: [execution(), execution()], clientReference: reference } });
  expect(sent.status).toBe(201);
  const answer = sent.json() as { batchId: string; results: { execution: { id: number } }[] };
  const large = await call('POST', '/api/v1/batches/executions', { key: keys.submit, body: [execution()] });
  expect(large.status).toBe(202);
  const largeId = large.json().batchId as string;
  const paths = [
    `/api/v1/batches/${answer.batchId}`, `/api/v1/batches/${answer.batchId}/items`, `/api/v1/receipts?batchId=${answer.batchId}`, `/api/v1/receipts?batchId=${answer.batchId}&index=1`,
    `/api/v1/receipts?recordId=${answer.results[0]?.execution.id ?? 0}&kind=execution`, `/api/v1/receipts?clientReference=${reference}`, `/api/v1/batches/${largeId}`,
  ];
  for (const path of paths) {
    for (const [key, status] of [[keys.submit, 200], [keys.other, 404], [keys.read, 200], [keys.operate, 200]] as const) expect([path, (await call('GET', path, { key })).status]).toEqual([path, status]);
  }
  const listed = async (key: string) => ((await call('GET', '/api/v1/batches', { key })).json().content as { batchId: string }[]).map(({ batchId }) => batchId);
  expect(await listed(keys.submit)).toContain(largeId);
  expect(await listed(keys.read)).toContain(largeId);
  expect(await listed(keys.other)).toEqual([]);
});

test('a client steers its own batches only, an operator all, and the audit names whose key it was', async () => {
  const opened = await call('POST', '/api/v1/batches/executions?start=manual', { key: keys.submit, body: [execution()] });
  const { batchId } = opened.json() as { batchId: string };
  expect((await call('POST', `/api/v1/batches/${batchId}/cancel`, { key: keys.other })).status).toBe(404);
  expect((await call('PATCH', `/api/v1/batches/${batchId}`, { key: keys.other, body: '[]', headers: { 'Upload-Offset': '0' } })).status).toBe(404);
  expect((await call('PATCH', `/api/v1/batches/${batchId}`, { key: keys.other, body: '[]' })).status).toBe(404);
  expect((await call('POST', `/api/v1/batches/${batchId}/priority`, { key: keys.operate, body: { priority: 'low' } })).status).toBe(200);
  expect((await call('POST', `/api/v1/batches/${batchId}/cancel`, { key: keys.submit })).status).toBe(200);
});

test('an Idempotency-Key is its client\'s own', async () => {
  const key = randomUUID();
  const body = execution();
  const post = (apiKey: string) => call('POST', '/api/v1/executions', { key: apiKey, body, headers: { 'Idempotency-Key': key } });
  const [first, again, other] = [await post(keys.submit), await post(keys.submit), await post(keys.other)];
  expect(again.json().id).toBe(first.json().id);
  expect(other.status).toBe(201);
  expect(other.json().id).not.toBe(first.json().id);
});

test('an expired key is refused, and who is told of it knows why', async () => {
  await query(system.databaseUrl, `update api_key set expires_at = now() - interval '1 minute' where client = 'narrow'`);
  const answer = () => call('GET', '/api/v1/batches', { key: keys.narrow });
  await waitFor(async () => (await answer()).status === 401, { timeoutMs: 20_000, what: 'the expired key to be refused' });
  expect((await answer()).text).toContain('This key has expired.');
});

test('a revoked key is refused from the moment the edge hears of it, and what goes on under it is cut', async () => {
  const upload = request(`${system.url}/api/v1/batches/executions`, { method: 'POST', headers: { Authorization: `Bearer ${keys.other}`, 'Content-Type': 'application/x-ndjson' } });
  const cut = new Promise((resolve) => upload.once('error', resolve).once('response', resolve));
  upload.write(`${JSON.stringify(execution())}\n`);
  await waitFor(async () => ((await call('GET', '/api/v1/batches', { key: keys.other })).json().content as unknown[]).length > 0, { timeoutMs: 20_000, what: 'the upload to be in work' });
  await query(system.databaseUrl, `update api_key set revoked_at = now() where client = 'other-desk'`);
  const status = async () => (await call('GET', '/api/v1/batches', { key: keys.other })).status;
  await waitFor(async () => (await status()) === 401, { timeoutMs: 20_000, what: 'the revoked key to be refused' });
  expect(await cut).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) as string });
});

test('an address beyond loopback is not listened on where there is no key', async () => {
  const bare = await startSystem();
  try {
    await expect(startNode('edge', { gateway: createGateway }, { ...bare.settings, host: '0.0.0.0', port: 0 })).rejects.toThrow(/there is no key/);
  } finally {
    await bare.stop();
  }
});
