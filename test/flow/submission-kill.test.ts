import pg from 'pg';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send } from '../helpers/http.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };

let trades: TradeService;
let fleet: Fleet;
beforeAll(async () => {
  trades = await startTradeService();
  fleet = await startFleet({ writers: 1, relays: 0, env: { TRADE_SERVICE_URL: trades.url, TRADE_CONNECT_TIMEOUT: '500', TRADE_RESPONSE_TIMEOUT: '5000', SUBMISSION_LEASE: '7000', RECONCILE_INTERVAL: '200', TRADE_BREAKER_FAILURES: '1000', LOCK_TIMEOUT: '20000', STATEMENT_TIMEOUT: '25000', SUBMIT_CLAIM_TIMEOUT: '25000', TRANSACTION_TIMEOUT: '30000' } });
});
afterAll(async () => {
  await fleet.stop();
  await trades.close();
});

const there = (ids: readonly number[]) => ids.map((id) => trades.store.find(id).length);
const rows = (ids: readonly number[]) => orderRows(fleet.databaseUrl, ids);

/** Submits, kills the edge once `moment` has come, and starts another: the orders have an end then without any client. */
async function killAt(ids: readonly number[], moment: () => Promise<unknown>, before: () => Promise<void> = async () => undefined): Promise<void> {
  const answer = send(fleet.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids }).catch(() => 'no answer');
  await moment();
  await fleet.edges().at(-1)?.kill9();
  expect(await answer).toBe('no answer');
  await before();
  await fleet.start('edge');
  await waitFor(async () => (await rows(ids)).every((row) => row.status === 'SENT'), { ...LONG, what: 'every order to be sent' });
  expect([there(ids), await rows(ids)]).toMatchObject([ids.map(() => 1), ids.map((id) => ({ version: 2, trade: trades.store.find(id)[0]?.id }))]);
  expect(trades.store.arrivals().filter((a) => ids.includes(a.orderId) && a.as === 'duplicate')).toEqual([]);
}

const arrived = (ids: readonly number[]) => waitFor(() => trades.store.arrivals().some((a) => ids.includes(a.orderId)), { ...LONG, what: 'the call to arrive' });

/** Holds the rows of these orders: a statement that wants to write them waits. */
async function hold(ids: readonly number[]): Promise<{ waited: () => Promise<unknown>; release: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: fleet.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('select id from orders where id = any($1) for update', [ids]);
  return {
    waited: () => waitFor(async () => (await fleet.sql(`select 1 from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`)).length > 0, { ...LONG, what: 'a statement to wait for the orders' }),
    async release() {
      await client.query('rollback');
      await client.end();
    },
  };
}

test('F19 kill -9 of the edge within a call, before the trade service stored the orders: they are sent once by the next edge', async () => {
  const ids = await storeOrders(fleet.databaseUrl, 3);
  Object.assign(trades.faults, { fault: 'hang', times: 1 });
  await killAt(ids, () => arrived(ids), async () => expect(there(ids)).toEqual([0, 0, 0]));
});

test('F19 kill -9 within a call, after the trade service stored them: they are found there, and not sent again', async () => {
  const ids = await storeOrders(fleet.databaseUrl, 3);
  Object.assign(trades.faults, { fault: 'hang-after', times: 1 });
  await killAt(ids, () => arrived(ids), async () => expect(there(ids)).toEqual([1, 1, 1]));
});

test('F19 kill -9 while the claim waits for a lock: it is made by nobody any more or by a statement nobody waits for, and in both cases the orders are sent once', async () => {
  const ids = await storeOrders(fleet.databaseUrl, 3);
  const held = await hold(ids);
  await killAt(ids, held.waited, async () => {
    expect(there(ids)).toEqual([0, 0, 0]);
    await held.release();
    // What the dead edge's statement did or did not do is settled by asking again.
    await waitFor(async () => (await fleet.sql(`select 1 from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`)).length === 0, { ...LONG, what: 'the statement to end' });
    if ((await rows(ids)).some((row) => !row.inSubmission)) {
      await fleet.start('edge');
      await send(fleet.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids });
      await fleet.edges().at(-1)?.stop();
    }
  });
});

test('F19 kill -9 after the answer, while the update waits for a lock: SENT with the trade orders that are there, whoever writes it', async () => {
  const ids = await storeOrders(fleet.databaseUrl, 3);
  Object.assign(trades.faults, { latencyMs: 1_000 });
  const before = trades.calls.bulk;
  let held: Awaited<ReturnType<typeof hold>> | undefined;
  await killAt(ids, async () => {
    await waitFor(() => trades.calls.bulk > before, { ...LONG, what: 'the call to be under way' });
    held = await hold(ids);
    // Something else may wait for the lock before: the orders have to be there first.
    await arrived(ids);
    await held.waited();
    trades.faults.latencyMs = 0;
  }, async () => {
    expect(there(ids)).toEqual([1, 1, 1]);
    await held?.release();
  });
});
