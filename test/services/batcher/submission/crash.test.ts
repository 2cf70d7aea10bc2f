import { storeOrders, orderRows } from '../../../helpers/orders.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { Death, startSubmissionBench, submitAll, type SubmissionBench } from './helpers/bench.ts';

const LONG = { timeoutMs: 50_000 };

let bench: SubmissionBench;
beforeAll(async () => (bench = await startSubmissionBench()));
afterAll(() => bench.close());
beforeEach(async () => {
  Object.assign(bench.trades.faults, { fault: 'none', times: -1, prefix: '', askErrorShare: 0 });
  // The edges of the test before are gone, and so is what they held.
  await bench.engine.rows('delete from duty');
});

const store = (count: number, over: Record<string, unknown> = {}) => storeOrders(bench.engine.url, count, over);
const rows = (ids: readonly number[]) => orderRows(bench.engine.url, ids);
const there = (ids: readonly number[]) => ids.map((id) => bench.trades.store.find(id).length);
const arrivals = (ids: readonly number[]) => bench.trades.store.arrivals().filter((a) => ids.includes(a.orderId));
/** Another edge reconciles until nothing is in submission any more. */
async function reconcileToTheEnd(ids: readonly number[], name: string): Promise<void> {
  const other = bench.edge(name);
  await waitFor(async () => {
    await other.reconcile();
    return (await rows(ids)).every((row) => !row.inSubmission);
  }, { ...LONG, what: 'every order to have an end' });
}

/** Every step of a submission: before each, the process is killed. What was sent by then, and what must come of the orders. */
const STEPS: [string, 'never claimed' | 'sent'][] = [
  ['before load', 'never claimed'], ['after load', 'never claimed'],
  ['before claim', 'never claimed'], ['after claim', 'sent'],
  ['before bulk', 'sent'], ['after bulk', 'sent'],
  ['before settle', 'sent'], ['after settle', 'sent'],
];

test.each(STEPS)('F19 killed %s: the orders are %s, none twice, none lost', async (place, end) => {
  const ids = await store(5);
  const death = new Death(place);
  const edge = bench.edge(`killed ${place}`, { store: (s) => death.within(s, ['load', 'claim', 'settle']), calls: (c) => death.within(c, ['bulk', 'ask']) });
  void submitAll(edge, ids);
  await death.died;
  await reconcileToTheEnd(ids, `after ${place}`);
  if (end === 'never claimed') {
    expect([there(ids), await rows(ids)]).toMatchObject([[0, 0, 0, 0, 0], ids.map(() => ({ status: 'NEW', version: 1, inSubmission: false }))]);
    // They are free: who asks again submits them.
    await submitAll(bench.edge(`again ${place}`), ids);
  }
  expect([there(ids), await rows(ids)]).toMatchObject([[1, 1, 1, 1, 1], ids.map((id) => ({ status: 'SENT', version: 2, trade: bench.trades.store.find(id)[0]?.id }))]);
  expect(arrivals(ids)).toEqual(ids.map((orderId) => ({ orderId, as: 'accepted', times: 1 })));
});

test.each([['hang', 0], ['hang-after', 1]] as const)('F19 killed while the call is under way (%s): %i of each order is there, and each is sent once', async (fault, stored) => {
  const ids = await store(4);
  Object.assign(bench.trades.faults, { fault, times: 1 });
  const death = new Death('after bulk');
  void submitAll(bench.edge(`killed at ${fault}`, { store: (s) => death.within(s, ['settle']), calls: (c) => death.within(c, ['bulk']) }), ids);
  await waitFor(() => arrivals(ids).length > 0, { ...LONG, what: 'the call to arrive' });
  expect(there(ids)).toEqual(ids.map(() => stored));
  await death.died;
  await reconcileToTheEnd(ids, `after ${fault}`);
  expect([there(ids), arrivals(ids).filter((a) => a.as === 'duplicate')]).toEqual([[1, 1, 1, 1], []]);
});

test('F19 killed between a refusal and the call for the rest: the refused one is refused again, the rest is sent once', async () => {
  const good = await store(3);
  const bad = await store(1, { security: 'GUILTY' });
  Object.assign(bench.trades.faults, { fault: 'refuse-with-reasons', prefix: 'GUILTY' });
  const death = new Death('after ask');
  void submitAll(bench.edge('killed in a refusal', { calls: (c) => death.within(c, ['bulk', 'ask']) }), [...good, ...bad]);
  await death.died;
  expect(there([...good, ...bad])).toEqual([0, 0, 0, 0]);
  await reconcileToTheEnd([...good, ...bad], 'after a refusal');
  expect([there([...good, ...bad]), await rows(bad)]).toMatchObject([[1, 1, 1, 0], [{ status: 'NEW', version: 1 }]]);
});

/** The reconciler's own steps. */
const OWN_STEPS = ['before ask', 'after ask', 'before bulk', 'after bulk', 'before settle', 'after settle'];

test.each(OWN_STEPS)('F19 the reconciler is killed %s: the next one goes on, and no order is sent twice', async (place) => {
  const ids = await store(3, { submissionId: '00000000-0000-7000-8000-000000000001' });
  await bench.engine.rows(`update orders set submission_until = now() where id = any($1)`, [ids]);
  const death = new Death(place);
  void bench.edge(`reconciler killed ${place}`, { store: (s) => death.within(s, ['settle']), calls: (c) => death.within(c, ['bulk', 'ask']) }).reconcile();
  await death.died;
  await reconcileToTheEnd(ids, `next ${place}`);
  expect([there(ids), await rows(ids)]).toMatchObject([[1, 1, 1], ids.map(() => ({ status: 'SENT', version: 2 }))]);
  expect(arrivals(ids).filter((a) => a.as === 'duplicate')).toEqual([]);
});

test('two reconcilers at once send nothing twice: one has the duty, and each order its lease', async () => {
  const ids = await store(30, { submissionId: '00000000-0000-7000-8000-000000000002' });
  await bench.engine.rows(`update orders set submission_until = now() where id = any($1)`, [ids]);
  await waitFor(async () => {
    await bench.engine.rows(`delete from duty`);
    await Promise.all(['one', 'two', 'three'].map(async (name) => {
      await bench.engine.rows(`delete from duty`);
      await bench.edge(name).reconcile();
    }));
    return (await rows(ids)).every((row) => row.status === 'SENT');
  }, { ...LONG, what: 'all to be sent' });
  expect([there(ids), arrivals(ids)]).toEqual([ids.map(() => 1), ids.map((orderId) => ({ orderId, as: 'accepted', times: 1 }))]);
});

test('what the trade service does not answer about stays in submission, is flagged for a person after the set time, and is not sent any more; an answer still ends it', async () => {
  const ids = await store(2);
  Object.assign(bench.trades.faults, { fault: 'hang-after', times: 1, askErrorShare: 1 });
  const edge = bench.edge('patient', { patienceMs: 1, followMs: 100 });
  expect([...(await submitAll(edge, ids)).values()]).toMatchObject([{ outcome: 'unknown' }, { outcome: 'unknown' }]);
  await waitFor(async () => {
    await edge.reconcile();
    return (await rows(ids)).every((row) => row.flag === 'overdue');
  }, { ...LONG, what: 'the orders to be flagged' });
  expect(edge.ends).toEqual({ flagged: 2 });
  // Asked for again by a client, they are told as what they are: unknown.
  expect([...(await submitAll(edge, ids)).values()]).toEqual([{ outcome: 'unknown', flag: 'overdue' }, { outcome: 'unknown', flag: 'overdue' }]);
  bench.trades.faults.askErrorShare = 0;
  await reconcileToTheEnd(ids, 'patient');
  expect([there(ids), await rows(ids)]).toMatchObject([[1, 1], [{ status: 'SENT', flag: null }, { status: 'SENT', flag: null }]]);
});

test('an overdue order that the trade service does not know is not sent: a person decides', async () => {
  const ids = await store(1, { submissionId: '00000000-0000-7000-8000-000000000003' });
  await bench.engine.rows(`update orders set submission_until = now(), submission_started = now() - interval '1 day' where id = any($1)`, [ids]);
  const edge = bench.edge('strict');
  await edge.reconcile();
  await edge.reconcile();
  expect([there(ids), await rows(ids)]).toMatchObject([[0], [{ status: 'NEW', inSubmission: true, flag: 'overdue' }]]);
});

test('a lease that lies further ahead than a lease can, as after a clock that jumped, counts as over', async () => {
  const ids = await store(1, { submissionId: '00000000-0000-7000-8000-000000000004' });
  await bench.engine.rows(`update orders set submission_until = now() + interval '1 day' where id = any($1)`, [ids]);
  await reconcileToTheEnd(ids, 'clock');
  expect(there(ids)).toEqual([1]);
});
