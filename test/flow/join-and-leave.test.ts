import { once } from 'node:events';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { startLoad, type Load } from '../helpers/load.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Few and small, so that what was told can be compared item by item. */
const SENDERS = 4;
const ITEMS = 60;
const TEST_MS = 120_000;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ writers: 1, relays: 1 });
}, TEST_MS);
afterAll(() => fleet.stop());

const hasWritten = async (node: string) => (await fleet.sql('select from ledger where node = $1 limit 1', [node])).length > 0;
const moreAnswers = (load: Load, more: number) => {
  const goal = load.answers + more;
  return waitFor(() => load.answers >= goal, { timeoutMs: 60_000, what: `${more} more answers` });
};

test('a writer started by hand joins and takes work; stopped under load it finishes its own, and no request fails', async () => {
  const load = startLoad(fleet.url, { senders: SENDERS, items: ITEMS });
  const byHand = fleet.byHand('writer', 'by-hand');
  await fleet.sees('writer', 2);
  await waitFor(() => hasWritten('by-hand'), { timeoutMs: 30_000, what: 'the new writer to write' });
  await moreAnswers(load, 20);

  const gone = once(byHand, 'exit');
  byHand.kill('SIGTERM');
  const [code] = (await gone) as [number | null];
  await fleet.sees('writer', 1);
  await moreAnswers(load, 20);
  await load.stop();

  expect(code).toBe(0);
  expect([...load.statuses.keys()].sort()).toEqual([201, 207]);
  expect(load.told.filter(({ fate }) => fate === 'unknown' || fate === 'withdrawn')).toEqual([]);
  await fleet.quiet();
  const stored = await fleet.sql<{ id: string; mark: string }>('select id, security_id as mark from execution');
  const told = load.told.filter(({ fate }) => fate === 'stored');
  expect(stored).toHaveLength(told.length);
  expect(new Map(stored.map(({ id, mark }) => [mark, Number(id)]))).toEqual(new Map(told.map(({ id, mark }) => [mark, id])));
  expect(await fleet.sluice('verify', '--kafka')).toMatchObject({ code: 0, err: '' });
}, TEST_MS);
