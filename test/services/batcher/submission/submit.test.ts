import { v7 as uuidv7 } from 'uuid';
import pg from 'pg';
import type { OrderStore } from '../../../../services/batcher/submission/order-store.ts';
import { orderRows, storeOrders } from '../../../helpers/orders.ts';
import { startSubmissionBench, submitAll, type StoreCalls, type SubmissionBench } from './helpers/bench.ts';

let bench: SubmissionBench;
beforeAll(async () => (bench = await startSubmissionBench()));
afterAll(() => bench.close());

const store = (count: number) => storeOrders(bench.engine.url, count);
const rows = (ids: readonly number[]) => orderRows(bench.engine.url, ids);
const there = (ids: readonly number[]) => ids.map((id) => bench.trades.store.find(id).length);
/** The table, where something happens before a step. */
const before = (name: 'claim' | 'settle', work: () => Promise<unknown>) => (plain: OrderStore): StoreCalls => {
  const first = async <T>(is: string, then: () => Promise<T>): Promise<T> => {
    if (is === name) await work();
    return then();
  };
  return { load: (ids) => plain.load(ids), claim: (orders, id) => first('claim', () => plain.claim(orders, id)), settle: (settled, client, trace) => first('settle', () => plain.settle(settled, client, trace)) };
};

test('orders that are deleted, changed or sent between loading and claiming are not sent as they were: each is told what it is now, and the others are sent', async () => {
  const [deleted = 0, changed = 0, sent = 0, good = 0] = await store(4);
  const meanwhile = async () => {
    await bench.engine.rows('delete from orders where id = $1', [deleted]);
    await bench.engine.rows('update orders set quantity = 7, version = 2 where id = $1', [changed]);
    await bench.engine.rows('update orders set status_id = 2, trade_order_id = 2000000, version = 2 where id = $1', [sent]);
  };
  const outcomes = await submitAll(bench.edge('late', { store: before('claim', meanwhile) }), [deleted, changed, sent, good]);
  expect([deleted, changed, sent, good].map((id) => outcomes.get(id))).toMatchObject([
    { outcome: 'wrong', code: 'not-found' }, { outcome: 'unsent', code: 'changed-meanwhile' }, { outcome: 'wrong', code: 'already-sent', tradeOrderId: 2_000_000 }, { outcome: 'sent' },
  ]);
  expect(there([deleted, changed, sent, good])).toEqual([0, 0, 0, 1]);
});

test('F4 an order that was changed under its claim is not written over, and holds up none of the others', async () => {
  const ids = await store(4);
  const [touched = 0] = ids;
  const outcomes = await submitAll(bench.edge('touched', { followMs: 200, store: before('settle', () => bench.engine.rows('update orders set version = version + 1 where id = $1', [touched])) }), ids);
  expect(ids.map((id) => outcomes.get(id)?.outcome)).toEqual(['unknown', 'sent', 'sent', 'sent']);
  expect((await rows(ids)).map((row) => [row.status, row.version, row.inSubmission])).toEqual([['NEW', 2, true], ['SENT', 2, false], ['SENT', 2, false], ['SENT', 2, false]]);
});

test('a claim that meets a lock is made in halves: only the order that is held is not sent, and may be asked for again', async () => {
  const ids = await store(8);
  const held = ids[5] as number;
  const client = new pg.Client({ connectionString: bench.engine.url });
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from orders where id = $1 for update', [held]);
  try {
    const outcomes = await submitAll(bench.edge('halves', { leaseMs: 20_000 }), ids);
    expect(ids.filter((id) => outcomes.get(id)?.outcome === 'sent')).toEqual(ids.filter((id) => id !== held));
    expect([outcomes.get(held)?.outcome, there([held])]).toEqual(['unsent', [0]]);
  } finally {
    await client.query('rollback');
    await client.end();
  }
  expect(await rows([held])).toMatchObject([{ status: 'NEW', inSubmission: false }]);
});

test('each order of a request is loaded by one query, claimed by one statement a chunk, and written down by one', async () => {
  const ids = await store(100);
  const steps: string[] = [];
  const counted = (plain: OrderStore): StoreCalls => ({
    load: (each) => (steps.push(`load ${each.length}`), plain.load(each)),
    claim: (orders, id) => (steps.push(`claim ${orders.length}`), plain.claim(orders, id)),
    settle: (settled, client, trace) => (steps.push(`settle ${settled.length}`), plain.settle(settled, client, trace)),
  });
  await submitAll(bench.edge('counted', { store: counted }), ids);
  expect(steps.sort()).toEqual(['claim 50', 'claim 50', 'load 100', 'settle 50', 'settle 50']);
});

test('who asks for an order that is on its way here starts nothing, and is told the same', async () => {
  const ids = await store(2);
  const edge = bench.edge('shared');
  const calls = bench.trades.calls.bulk;
  const asked = Array.from({ length: 50 }, () => edge.submitter.submit(ids, { submissionId: uuidv7(), client: 'anonymous', trace: '' }));
  const told = await Promise.all(asked.map(async ({ outcomes }) => JSON.stringify(await Promise.all(outcomes.values()))));
  expect([new Set(told).size, bench.trades.calls.bulk - calls]).toEqual([1, 1]);
});
