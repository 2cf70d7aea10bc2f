import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Context } from 'moleculer';
import { loadServices } from '../../bin/node/roles.ts';
import { startPriceService, type PriceService } from '../../bin/price-service/price-service.ts';
import type { StepCall } from '../../shared/records/process-step.ts';
import { startNode } from '../../shared/runtime/node.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const KINDS = ['chore', 'once', 'errand'].map((name) => join(import.meta.dirname, `../helpers/kinds/${name}.kind.ts`)).join(',');
const LONG = { timeoutMs: 60_000 };

let prices: PriceService;
let system: TestSystem;
beforeAll(async () => {
  prices = await startPriceService();
  system = await startSystem({ settings: { recordKinds: KINDS, priceServiceUrl: prices.url } });
});
afterAll(async () => {
  await system.stop();
  await prices.close();
});

type Item = Record<string, unknown>;
const submit = (kind: string, items: readonly Item[], options = '') => send(system.url, 'POST', `/api/v1/batches/${kind}${options}`, items.map((item) => `${JSON.stringify(item)}\n`).join(''), { 'Content-Type': 'application/x-ndjson' });
const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) => query<Row>(system.databaseUrl, text, values);
const status = async (id: string) => (await send(system.url, 'GET', `/api/v1/batches/${id}`)).body;
const command = (id: string, name: string) => send(system.url, 'POST', `/api/v1/batches/${id}/${name}`);
const comesTo = (id: string, state: string) => waitFor(async () => (await status(id)).state === state, { ...LONG, what: `the batch to be ${state}` });
const lawHolds = async () => (await send(system.url, 'GET', '/api/v1/verify')).body.holds;
const asked = (id: string) => [...prices.asked].filter(([key]) => key.startsWith(id)).map(([, times]) => times);
const askedFor = (id: string, index: number) => prices.asked.get(`${id}:${index}`) ?? 0;
const failed = async (id: string) => (await send(system.url, 'GET', `/api/v1/batches/${id}/items?status=FAILED`)).text.trim().split('\n').filter((l) => l !== '').map((l) => JSON.parse(l) as { index: number; errors: { code: string; message: string }[] });

async function begin(kind: string, items: readonly Item[], options = ''): Promise<string> {
  const answer = await submit(kind, items, options);
  expect(answer).toMatchObject({ status: 202, body: { accepted: items.length } });
  return answer.body.batchId as string;
}

test('executions are revalued: each at its price times its quantity, to the last digit, and what cannot be is refused with the reason', async () => {
  const executions = Array.from({ length: 230 }, (_, i) => execution({ securityId: `R${String(i).padStart(23, '0')}`, quantity: `${i + 1}.12345678` }));
  const stored = (await send(system.url, 'POST', '/api/v1/executions/batch', { executions })).body.results ?? [];
  const ids = stored.map((result) => result.execution?.id as number);
  const id = await begin('revaluations', [...ids.map((executionId) => ({ executionId })), { executionId: 2_000_000_000 }, { executionId: 'x' }]);
  await comesTo(id, 'COMPLETED');

  expect(await status(id)).toMatchObject({ accepted: 232, written: 230, rejected: 2, pending: 0, law: { items: { holds: true } } });
  const [wrong] = await sql('select count(*)::int as n from revaluation r join execution e on e.id = r.execution_id where r.market_value <> r.price * e.quantity');
  expect([wrong, (await sql('select 1 from revaluation')).length]).toEqual([{ n: 0 }, 230]);
  expect(asked(id)).toEqual(Array<number>(230).fill(1));
  expect((await failed(id)).map(({ index, errors }) => [index, errors[0]?.code])).toEqual([[230, 'ITEM_ERROR'], [231, 'type']]);
  const one = (await send(system.url, 'GET', `/api/v1/revaluations?executionId=${ids[7]}`)).text;
  expect(one).toMatch(/"marketValue":\d+\.\d{16}/);
  expect(await lawHolds()).toBe(true);
  expect(await sql(`select state from item where batch_id = $1 and state <> 'failed'`, [id])).toEqual([]);
}, 90_000);

test('a kind with a step is taken in large batches only, and not while a setting that it needs is empty', async () => {
  expect(await send(system.url, 'POST', '/api/v1/revaluations', { executionId: 1 })).toMatchObject({ status: 405 });
  expect(await send(system.url, 'POST', '/api/v1/revaluations/batch', { revaluations: [{ executionId: 1 }] })).toMatchObject({ status: 405 });
  const node = await startNode('edge', await loadServices(['batcher', 'gateway']), { ...system.settings, priceServiceUrl: '' });
  try {
    const { port } = (node.broker.getLocalService('gateway') as unknown as { server: Server }).server.address() as AddressInfo;
    const answer = await send(`http://127.0.0.1:${port}`, 'POST', '/api/v1/batches/revaluations', '{"executionId":1}\n', { 'Content-Type': 'application/x-ndjson' });
    expect(answer).toMatchObject({ status: 503, body: { code: 'not-configured', detail: expect.stringContaining('PRICE_SERVICE_URL') as string } });
  } finally {
    await node.stop();
  }
});

const chores = (count: number, members: Item = {}) => Array.from({ length: count }, (_, i) => ({ label: `chore ${i}`, ...members }));
const rowsOf = (table: string, id: string) => sql<{ label: string; attempts: number }>(`select t.* from ${table} t where exists (select from ledger l where l.batch_id = $1 and l.op = 'insert' and l.written > 0 and t.id >= l.first_id and t.id < l.first_id + l.span) order by id`, [id]);

test('an item that fails is tried again as often as the batch says, unless the same would fail again; at last it is refused with its category', async () => {
  const id = await begin('chores', ['well', 'flaky', 'failing', 'refusing', 'odd'].map((goes) => ({ label: goes, goes })), '?maxRetryAttempts=2');
  await comesTo(id, 'COMPLETED');
  expect((await rowsOf('chore', id)).map(({ label, attempts }) => [label, attempts])).toEqual([['well', 1], ['flaky', 3]]);
  expect((await failed(id)).map(({ index, errors }) => [index, errors[0]?.code, errors[0]?.message])).toEqual([
    [2, 'EXECUTION_ERROR', 'it cannot be done'],
    [3, 'ITEM_ERROR', 'this is no chore'],
    [4, 'EXECUTION_ERROR', expect.stringContaining('"attempts" is missing')],
  ]);
  expect((await status(id)).errors).toMatchObject({ EXECUTION_ERROR: 2, ITEM_ERROR: 1 });
  expect([0, 1, 2, 3, 4].map((index) => askedFor(id, index))).toEqual([1, 3, 3, 1, 3]);
  expect(await sql('select idx, input from item where batch_id = $1 order by idx', [id])).toEqual(['failing', 'refusing', 'odd'].map((goes, i) => ({ idx: i + 2, input: { label: goes, goes } })));
});

test('a step that does not come to its end within its time is told to stop, and fails with TIMEOUT_ERROR; what the step needs and is away, with RESOURCE_ERROR', async () => {
  const hanging = await begin('chores', [{ label: 'a', goes: 'hanging' }, { label: 'b' }], '?maxRetryAttempts=0');
  await comesTo(hanging, 'COMPLETED');
  expect((await failed(hanging)).map(({ index, errors }) => [index, errors[0]?.code])).toEqual([[0, 'TIMEOUT_ERROR']]);
  expect(await rowsOf('chore', hanging)).toHaveLength(1);

  const { results = [] } = (await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution({ securityId: 'UNAVAILABLE0000000000000' })] })).body;
  Object.assign(prices.faults, { errorShare: 1, status: 503, prefix: 'UNAVAILABLE' });
  const refused = await begin('revaluations', [{ executionId: results[0]?.execution?.id }], '?maxRetryAttempts=0');
  await comesTo(refused, 'COMPLETED');
  Object.assign(prices.faults, { errorShare: 0, prefix: '' });
  expect((await failed(refused)).map(({ errors }) => errors[0])).toMatchObject([{ code: 'RESOURCE_ERROR', message: 'The price service answered 503.' }]);
});

test('the items that failed in their step are tried again in a batch of their own, linked to the old one; asked twice under one key, once', async () => {
  const away = Array.from({ length: 620 }, (_, i) => execution({ securityId: `AWAY${String(i).padStart(20, '0')}` }));
  const { results = [] } = (await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [...away, execution()] })).body;
  const ids = results.map((result) => result.execution?.id as number);
  Object.assign(prices.faults, { errorShare: 1, status: 503, prefix: 'AWAY' });
  const id = await begin('revaluations', [...ids.map((executionId) => ({ executionId })), { executionId: 'x' }], '?maxRetryAttempts=0&parallelism=32&priority=high&tags=');
  await comesTo(id, 'COMPLETED');
  Object.assign(prices.faults, { errorShare: 0, prefix: '' });
  expect(await status(id)).toMatchObject({ written: 1, rejected: 621 });
  const retry = (headers = {}) => send(system.url, 'POST', `/api/v1/batches/${id}/retry`, undefined, headers);
  const before = await sql('select count(*)::int as n from large_batch');
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/retry`, { dryRun: true })).toMatchObject({ status: 200, body: { dryRun: true, parent: id, items: 620 } });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/retry`, { dryRun: null })).toMatchObject({ status: 400, body: { code: 'invalid-body', errors: [{ pointer: '/dryRun' }] } });
  expect(await sql('select count(*)::int as n from large_batch')).toEqual(before);
  const again = await retry({ 'Idempotency-Key': 'once more' });
  expect(again).toMatchObject({ status: 202, body: { parent: id, items: 620 } });
  expect((await retry({ 'Idempotency-Key': 'once more' })).body).toEqual(again.body);
  const child = again.body.batchId as string;
  await comesTo(child, 'COMPLETED');
  expect(await status(child)).toMatchObject({ parent: id, accepted: 620, written: 620, rejected: 0, priority: 'high', options: { maxRetryAttempts: 0, parallelism: 32 }, law: { items: { holds: true } } });
  expect(await sql('select count(*)::int as n, count(distinct execution_id)::int as of from revaluation where execution_id = any($1)', [ids])).toEqual([{ n: 621, of: 621 }]);
  expect(await send(system.url, 'POST', `/api/v1/batches/${child}/retry`)).toMatchObject({ status: 409, body: { code: 'nothing-failed' } });
  const refused = await begin('revaluations', [{ executionId: 'x' }]);
  await comesTo(refused, 'COMPLETED');
  for (const body of [undefined, { dryRun: true }]) expect(await send(system.url, 'POST', `/api/v1/batches/${refused}/retry`, body)).toMatchObject({ status: 409, body: { code: 'items-not-kept' } });
  expect(await lawHolds()).toBe(true);
}, 120_000);

test('F67 cancelled under way: what runs is told to stop, nothing more is begun, and nothing is stored later', async () => {
  const id = await begin('chores', chores(150, { goes: 'waiting' }), '?parallelism=4');
  await waitFor(() => asked(id).length >= 4, { ...LONG, what: 'items under way' });
  expect(await command(id, 'cancel')).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
  await waitFor(async () => (await metric(system.url, 'batcher_items_underway')) === 0, { ...LONG, what: 'no item to be under way' });
  const begun = asked(id).length;
  const other = await begin('chores', chores(20));
  await comesTo(other, 'COMPLETED');
  expect(asked(id)).toHaveLength(begun);
  expect(begun).toBeLessThan(150);
  const now = await status(id);
  expect(now).toMatchObject({ accepted: 150, pending: 0, law: { items: { holds: true } } });
  expect(await rowsOf('chore', id)).toHaveLength(now.written as number);
  expect(await lawHolds()).toBe(true);
}, 90_000);

test('paused, what runs comes to its end and nothing more is begun; resumed, no item is called again', async () => {
  const id = await begin('chores', chores(60, { goes: 'waiting' }), '?parallelism=20');
  await waitFor(() => asked(id).length >= 20, { ...LONG, what: 'items under way' });
  expect(await command(id, 'pause')).toMatchObject({ body: { state: 'PAUSED' } });
  await waitFor(async () => (await sql('select 1 from chunk where batch_id = $1 and lease_owner is not null', [id])).length === 0, { ...LONG, what: 'the chunks to be given back' });
  const begun = asked(id).length;
  expect(begun).toBeLessThan(60);
  await command(id, 'resume');
  await comesTo(id, 'COMPLETED');
  expect(asked(id)).toEqual(Array<number>(60).fill(1));
  expect(await rowsOf('chore', id)).toHaveLength(60);
}, 90_000);

test('start=manual: nothing is begun until it is started', async () => {
  const id = await begin('chores', chores(3), '?start=manual');
  expect(await status(id)).toMatchObject({ state: 'READY', pending: 3 });
  const other = await begin('chores', chores(3));
  await comesTo(other, 'COMPLETED');
  expect(asked(id)).toEqual([]);
  await command(id, 'start');
  await comesTo(id, 'COMPLETED');
  expect(asked(id)).toEqual([1, 1, 1]);
});

test('at most once: an item that failed is not called again, whatever the batch says', async () => {
  const id = await begin('onces', [{ label: 'a' }, { label: 'b', goes: 'failing' }], '?maxRetryAttempts=5');
  await comesTo(id, 'COMPLETED');
  expect([askedFor(id, 0), askedFor(id, 1)]).toEqual([1, 1]);
  expect((await failed(id)).map(({ index, errors }) => [index, errors[0]?.code])).toEqual([[1, 'EXECUTION_ERROR']]);
});

test('a step may be an action of any node, which says itself what a failure is', async () => {
  const keys: string[] = [];
  const node = system.writers[0];
  node?.broker.createService({
    name: 'errands',
    actions: {
      run({ params }: Context<StepCall>) {
        keys.push(params.idempotencyKey);
        if (params.item.label === 'bad') throw Object.assign(new Error('no such errand'), { data: { category: 'ITEM_ERROR' } });
        return { label: params.item.label, doneBy: node.context.nodeId };
      },
    },
  });
  await system.edge.broker.waitForServices('errands', 15_000);
  const id = await begin('errands', [{ label: 'good' }, { label: 'bad' }]);
  await comesTo(id, 'COMPLETED');
  expect(await rowsOf('errand', id)).toMatchObject([{ label: 'good', done_by: node?.context.nodeId }]);
  expect((await failed(id)).map(({ index, errors }) => [index, errors[0]?.code])).toEqual([[1, 'ITEM_ERROR']]);
  expect(keys.sort()).toEqual([`${id}:0`, `${id}:1`]);
});

test('a batch with tags is carried out only by nodes that have all of them', async () => {
  const id = await begin('chores', chores(5), '?tags=big,eu');
  const other = await begin('chores', chores(5));
  await comesTo(other, 'COMPLETED');
  expect([await status(id), asked(id)]).toMatchObject([{ state: 'RUNNING', pending: 5 }, []]);
  const node = await startNode('helper', await loadServices(['batcher']), { ...system.settings, nodeTags: 'eu, big, night' });
  try {
    await comesTo(id, 'COMPLETED');
    expect(asked(id)).toEqual([1, 1, 1, 1, 1]);
  } finally {
    await node.stop();
  }
}, 90_000);
