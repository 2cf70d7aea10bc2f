import { Blob } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { NoAnswer, Sluice, SluiceError, type ExecutionsSubmitted, type BatchNews } from '../../../clients/typescript/src/index.ts';
import { execution } from '../../helpers/executions.ts';
import { order } from '../../helpers/order-items.ts';
import { query } from '../../helpers/query.ts';
import { startSystem, type TestSystem } from '../../helpers/system.ts';
import { tcpProxy, targetOf, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let system: TestSystem;
let proxy: TcpProxy;
let sluice: Sluice;
const retried: string[] = [];
const item = (securityId: string) => execution({ securityId }) as never;
const mark = (letter: string, i: number) => `${letter}${String(i).padStart(23, '0')}`;
const stored = async (letter: string) => (await query<{ n: number; all: number }>(system.databaseUrl, 'select count(distinct security_id)::int as n, count(*)::int as all from execution where security_id like $1', [`${letter}000%`]))[0];

beforeAll(async () => {
  system = await startSystem({ writers: 0, settings: { batchLease: 2_000, requestDeadline: 5_000 } });
  proxy = await tcpProxy(targetOf(system.url));
  sluice = new Sluice({ url: `http://127.0.0.1:${proxy.port}`, retries: 60, onRetry: ({ why }) => retried.push(why) });
});
afterAll(async () => {
  await proxy.close();
  await system.stop();
});

test('what 503 refused is sent again after Retry-After until there is a writer, and is stored once', async () => {
  const submitting = sluice.executions.submit([item(mark('A', 1)), item(mark('A', 2))]);
  await waitFor(() => retried.some((why) => why.startsWith('503')), { timeoutMs: 45_000, what: 'a try to be refused' });
  await system.join('writer');
  const answer = (await submitting) as ExecutionsSubmitted;
  expect(answer).toMatchObject({ status: 'SUCCESS', successful: 2 });
  expect(await stored('A')).toEqual({ n: 2, all: 2 });
});

test('an answer that is lost is asked for again under the same key: nothing is written twice', async () => {
  proxy.answers('closed');
  const submitting = sluice.executions.submit([item(mark('B', 1))]);
  await waitFor(async () => (await stored('B'))?.n === 1, { timeoutMs: 45_000, what: 'the item to be stored' });
  proxy.answers('open');
  proxy.cut();
  expect(await submitting).toMatchObject({ status: 'SUCCESS', successful: 1 });
  expect(await stored('B')).toEqual({ n: 1, all: 1 });
});

test('items that are refused are answers, and a refused request is an error with its problem document', async () => {
  expect(await sluice.executions.submit([{ ...(item(mark('C', 1)) as object), quantity: -1 } as never])).toMatchObject({ status: 'FAILED', results: [{ requestIndex: 0, code: 'range' }] });
  const refused = await sluice.executions.get(2_000_000_000).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(SluiceError);
  expect(refused).toMatchObject({ status: 404, code: 'not-found', problem: { title: expect.any(String) as string } });
  await expect(sluice.executions.list({ colour: 'red' })).rejects.toMatchObject({ status: 400, code: 'invalid-query' });
  const nobody = new Sluice({ url: 'http://127.0.0.1:1', retries: 1 });
  const lost = await nobody.executions.submit([item(mark('C', 2))], { idempotencyKey: 'mine' }).catch((error: unknown) => error);
  expect(lost).toBeInstanceOf(NoAnswer);
  expect(lost).toMatchObject({ tries: 2, idempotencyKey: 'mine' });
});

test('orders are created, changed records are read, and what cannot be submitted is answered for', async () => {
  const created = await sluice.orders.create([order() as never]);
  if (created.status === 'PENDING') throw new Error('it is known');
  const id = created.orders[0]?.orderId ?? 0;
  expect(await sluice.orders.get(id)).toMatchObject({ id, status: { abbreviation: 'NEW' } });
  // This Sluice has no trade service.
  await expect(new Sluice({ url: system.url, retries: 0 }).orders.submit([id])).rejects.toMatchObject({ status: 503, code: 'not-configured' });
  const [one] = ((await sluice.executions.submit([item(mark('D', 1))])) as ExecutionsSubmitted).results;
  const changed = await sluice.executions.change(one?.execution?.id ?? 0, { quantityFilled: 1, averagePrice: 2, version: 1 });
  expect(changed).toMatchObject({ executionStatus: 'PART', version: 2 });
});

describe.each([['an iterable, a small window', 1], ['an iterable, all of it kept', 33_554_432], ['a Blob', undefined]])('an upload of %s whose connection is cut again and again', (name, window) => {
  test('goes on from the offset that Sluice has: every item is stored once', async () => {
    const letter = window === undefined ? 'G' : window < 100_000 ? 'E' : 'F';
    const count = window === 1 ? 20_000 : 6_000;
    const key = randomUUID();
    let given = 0;
    let cuts = 0;
    async function* items() {
      for (; given < count; given++) {
        if (given % 3_000 === 2_900) {
          // What was given before is on its way, or there already.
          await waitFor(async () => (await query(system.databaseUrl, 'select 1 from idempotency where key = $1', [key])).length > 0, { timeoutMs: 45_000, what: 'the batch to be opened' });
          proxy.cut();
          cuts++;
        }
        yield item(mark(letter, given));
      }
    }
    const blob = () => {
      const text = Array.from({ length: count }, (_, i) => `${JSON.stringify(item(mark(letter, i)))}\n`).join('');
      void waitFor(async () => (await query(system.databaseUrl, 'select 1 from idempotency where key = $1', [key])).length > 0, { timeoutMs: 45_000, what: 'the batch to be opened' }).then(() => {
        proxy.cut();
        cuts++;
      });
      return new Blob([text]) as globalThis.Blob;
    };
    const before = retried.length;
    const done = await sluice.batches.upload('executions', window === undefined ? blob() : items(), { idempotencyKey: key, parallelism: 2, ...(window === undefined ? {} : { window }) });
    expect(done).toMatchObject({ state: 'COMPLETED', accepted: count, rejected: 0 });
    expect(await stored(letter)).toEqual({ n: count, all: count });
    expect(cuts).toBeGreaterThan(0);
    if (name !== 'a Blob') expect(retried.length).toBeGreaterThan(before);
  }, 120_000);
});

test('an input that fails ends the upload with its own error', async () => {
  const wrong = new Error('the file broke');
  async function* broken() {
    yield item(mark('H', 1));
    throw wrong;
  }
  await expect(sluice.batches.upload('executions', broken())).rejects.toBe(wrong);
});

test('a batch is watched to its end also where its stream is cut, is paused, resumed and cancelled, and its items are read', async () => {
  const { batchId } = await sluice.batches.upload('executions', [item(mark('I', 1)), { colour: 'red' }], { start: 'manual', tags: ['a', 'b'] });
  const heard: BatchNews[] = [];
  const watching = (async () => {
    for await (const news of sluice.batches.watch(batchId)) heard.push(news);
  })();
  await waitFor(() => heard.length > 0, { timeoutMs: 30_000, what: 'the first event' });
  proxy.cut();
  expect(await sluice.batches.start(batchId)).toMatchObject({ batchId });
  await watching;
  expect(heard.at(-1)).toMatchObject({ type: 'state', data: { state: 'COMPLETED' } });
  const receipts = [];
  for await (const receipt of sluice.batches.items(batchId)) receipts.push(receipt);
  expect(receipts).toMatchObject([{ index: 0, status: 'SUCCESS' }, { index: 1, status: 'FAILED' }]);
  const one = [];
  for await (const receipt of sluice.receipts({ batchId })) one.push(receipt.index);
  expect(one).toEqual([0, 1]);
  expect((await sluice.batches.list({ tag: 'a' })).content.map((found) => found.batchId)).toEqual([batchId]);

  const { batchId: other } = await sluice.batches.upload('executions', [item(mark('J', 1))], { start: 'manual' });
  await expect(sluice.batches.pause(other)).rejects.toMatchObject({ status: 409, code: 'not-now' });
  expect((await sluice.batches.cancel(other)).state).toMatch(/CANCEL/);
  await waitFor(async () => (await sluice.batches.get(other)).state === ('CANCELLED' as string), { timeoutMs: 30_000, what: 'the batch to be cancelled' });
});

test('a signal ends what is waited for', async () => {
  const leave = new AbortController();
  const { batchId } = await sluice.batches.upload('executions', [item(mark('K', 1))], { start: 'manual' });
  const watching = (async () => {
    for await (const _ of sluice.batches.watch(batchId, { signal: leave.signal })) leave.abort(new Error('enough'));
  })();
  await expect(watching).rejects.toThrow('enough');
  await sluice.batches.cancel(batchId);
});
