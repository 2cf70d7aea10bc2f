import { join } from 'node:path';
import { startPriceService, type PriceService } from '../../bin/price-service/price-service.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send } from '../helpers/http.ts';
import { waitFor } from '../helpers/wait-for.ts';

const KINDS = ['chore', 'once'].map((name) => join(import.meta.dirname, `../helpers/kinds/${name}.kind.ts`)).join(',');
const LONG = { timeoutMs: 90_000 };

let prices: PriceService;
let fleet: Fleet;
beforeAll(async () => {
  prices = await startPriceService();
  fleet = await startFleet({ writers: 1, relays: 0, env: { PORT: '0', RECORD_KINDS: KINDS, PRICE_SERVICE_URL: prices.url } });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await prices.close();
});

async function begin(kind: string, items: readonly Record<string, unknown>[]): Promise<string> {
  const answer = await send(fleet.url, 'POST', `/api/v1/batches/${kind}?start=manual&parallelism=8`, items.map((item) => `${JSON.stringify(item)}\n`).join(''), { 'Content-Type': 'application/x-ndjson' });
  expect(answer).toMatchObject({ status: 202, body: { state: 'READY', accepted: items.length } });
  return answer.body.batchId as string;
}
const asked = (id: string) => new Map([...prices.asked].filter(([key]) => key.startsWith(id)).map(([key, times]) => [Number(key.split(':')[1]), times]));
const comesTo = (id: string, state: string) => waitFor(async () => (await send(fleet.url, 'GET', `/api/v1/batches/${id}`)).body.state === state, { ...LONG, what: `the batch to be ${state}` });
const chunksOf = (owner: string) => fleet.sql<{ batch: string }>('select distinct batch_id as batch from chunk where lease_owner = $1', [owner]);

test('a node that is killed gives its chunks back: nothing is lost or stored twice, what had succeeded is not called again, and what is called once is not called twice', async () => {
  const items = Array.from({ length: 600 }, (_, i) => ({ label: `item ${i}` }));
  Object.assign(prices.faults, { latencyMs: 60 });
  const other = fleet.byHand('edge', 'edge-two');
  await fleet.sees('edge', 2);
  const [again, once] = [await begin('chores', items), await begin('onces', items)];
  for (const id of [again, once]) await send(fleet.url, 'POST', `/api/v1/batches/${id}/start`);
  await waitFor(async () => (await chunksOf('edge-two')).length === 2 && asked(again).size >= 60 && asked(once).size >= 60, { ...LONG, what: 'both nodes to have items of both batches in hand' });
  other.kill('SIGKILL');
  // Items of its chunks that had their result when it died.
  const done = await fleet.sql<{ idx: number }>(`select i.idx from item i join chunk c on c.batch_id = i.batch_id and i.idx >= c.first_index and i.idx < c.first_index + c.span where i.batch_id = $1 and i.state = 'done' and c.lease_owner = 'edge-two'`, [again]);
  await comesTo(again, 'COMPLETED');
  await comesTo(once, 'COMPLETED');

  expect(await fleet.sql('select count(*)::int as n, count(distinct label)::int as labels from chore')).toEqual([{ n: 600, labels: 600 }]);
  const calls = asked(again);
  expect(calls.size).toBe(600);
  expect(done.map(({ idx }) => calls.get(idx)).filter((times) => times !== 1)).toEqual([]);

  expect([...asked(once).values()].filter((times) => times !== 1)).toEqual([]);
  const refused = (await send(fleet.url, 'GET', `/api/v1/batches/${once}/items?status=FAILED`)).text.trim().split('\n').map((l) => JSON.parse(l) as { index: number; errors: { code: string; message: string }[] });
  expect(refused.length).toBeGreaterThan(0);
  for (const { errors } of refused) expect(errors).toMatchObject([{ code: 'SYSTEM_ERROR', message: expect.stringContaining('by a node that is gone') as string }]);
  expect(await fleet.sql('select count(*)::int as n, count(distinct label)::int as labels from once')).toEqual([{ n: 600 - refused.length, labels: 600 - refused.length }]);
  expect((await send(fleet.url, 'GET', '/api/v1/verify')).body.holds).toBe(true);
}, 180_000);
