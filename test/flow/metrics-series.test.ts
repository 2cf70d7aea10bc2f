import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { newKey } from '../../shared/access/api-keys.ts';
import { CREATE_API_KEY } from '../../shared/db/queries/api-keys.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const FEW = 2;
const MANY = 40;
const AT_ONCE = 8;
/** What may come up by itself meanwhile: another cause of a retry, another reason of a refusal. */
const BY_ITSELF = 6;

let system: TestSystem;
const clients: string[] = [];
beforeAll(async () => {
  system = await startSystem({ relays: 1, settings: { poolSampleInterval: 300 } });
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  for (let i = 0; i <= FEW + MANY; i++) {
    const { text, id, hash } = newKey();
    await client.query(CREATE_API_KEY.text, [id, `thrown-client-${i}`, hash, ['submit', 'operate'], null, null, null, null, 'test']);
    clients.push(text);
  }
  await client.end();
  await waitFor(async () => (await send(system.url, 'GET', '/api/v1/executions')).status === 401, { timeoutMs: 20_000, what: 'the edge to hear of the keys' });
});
afterAll(() => system.stop());

/** One client's calls, each with names that nobody has used before; what it should be seen by is named `thrown`. */
async function throwNames(key: string): Promise<void> {
  const name = () => `thrown-${randomUUID()}`;
  const headers = { Authorization: `Bearer ${key}`, 'X-Request-Id': name(), 'Client-Reference': name() };
  const call = async (method: string, path: string, body?: unknown, more = {}) => (await send(system.url, method, path, body, { ...headers, ...more })).status;
  await call('POST', '/api/v1/executions/batch', { executions: [execution(), execution({ quantity: -1 })] }, { 'Idempotency-Key': name() });
  await call('POST', '/api/v1/executions', execution({ destination: name().slice(0, 20) }));
  await call('POST', '/api/v1/batches/executions', [execution()], { 'Idempotency-Key': name() });
  await call('POST', `/api/v1/batches/${name()}`, []);
  await call('POST', `/api/v1/batches/${randomUUID()}/${name()}`);
  await call('GET', `/api/v1/batches/${randomUUID()}`);
  await call('GET', `/api/v1/executions?${name()}=1`);
  await call('GET', `/api/v1/execution/${Math.ceil(Math.random() * 1e9)}`);
  await call('GET', `/${name()}/${name()}`);
  await call('DELETE', `/${name()}`);
  await call('PUT', '/api/v1/execution/1', { version: 1, quantityFilled: name() });
  await call('GET', `/api/v1/receipts?clientReference=${name()}`);
  await send(system.url, 'GET', '/api/v1/executions', undefined, { 'X-Api-Key': newKey().text });
}

/** The series of all nodes, without those of Node itself; a histogram counts as one. */
async function series(): Promise<string[]> {
  const found = new Set<string>();
  for (const node of [system.edge, ...system.writers, ...system.relays]) {
    const { body } = await node.context.metrics.text();
    for (const line of body.split('\n')) {
      if (line === '' || line.startsWith('#') || /^sluice_(process|nodejs)_/.test(line)) continue;
      found.add(line.slice(0, line.lastIndexOf(' ')).replace(/,?le="[^"]*"/, '').replace(/_(bucket|sum|count)(?=[{ ]|$)/, ''));
    }
  }
  return [...found].sort();
}

test('many clients, keys, kinds, paths and references make no more series than two of each', async () => {
  const delivered = () => waitFor(async () => (await send(system.url, 'GET', '/api/v1/verify', undefined, { Authorization: `Bearer ${clients[0] ?? ''}` })).text.includes('"holds":true'), { timeoutMs: 60_000, what: 'the law to be checked' });
  for (const key of clients.slice(1, 1 + FEW)) await throwNames(key);
  await delivered();
  // What is told at intervals has been told once.
  await waitFor(async () => (await series()).filter((one) => /^sluice_(pool_utilization_share|relay_lag_seconds)/.test(one)).length >= 5 && (await series()).some((one) => one.startsWith('sluice_large_batches_late')), { timeoutMs: 60_000, what: 'pools, lag and the database to be told' });
  const before = await series();
  for (let i = 1 + FEW; i < clients.length; i += AT_ONCE) await Promise.all(clients.slice(i, i + AT_ONCE).map(throwNames));
  await delivered();
  const after = await series();
  expect(before.length).toBeGreaterThan(20);
  expect(after.filter((one) => /thrown|MARK|slc_/.test(one))).toEqual([]);
  const added = after.filter((one) => !before.includes(one));
  expect(added.slice(0, added.length > BY_ITSELF ? undefined : 0)).toEqual([]);
});
