import { send } from '../helpers/http.ts';
import { startLoad } from '../helpers/load.ts';
import { metric } from '../helpers/metric.ts';
import { countRows, query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { RunningNode } from '../../shared/runtime/node.ts';

const LONG = { timeoutMs: 60_000 };
let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 2, relays: 2, settings: { limiter: true, writerConcurrency: 1, writerMaxConcurrency: 3 } });
});
afterAll(() => system.stop());

const decisions = async (node: RunningNode | undefined) => [...((await node?.context.metrics.text())?.body ?? '').matchAll(/^sluice_limiter_decisions_total\{[^}]*\} (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
const slots = async () => (await metric(system.url, 'batcher_slots', { state: 'used' })) + (await metric(system.url, 'batcher_slots', { state: 'free' }));

test('one node decides for all edges, another takes over when it leaves, the fixed number holds once the limiter is off, and no item is lost meanwhile', async () => {
  await system.join('edge');
  const [first, other] = system.relays.toSorted((a, b) => (a.context.nodeId < b.context.nodeId ? -1 : 1));
  // What a flush takes is a wait, however many there are: nothing queues.
  await query(system.databaseUrl, `create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(0.15); return null; end'`);
  await query(system.databaseUrl, 'create trigger wait after insert on execution for each statement execute function wait()');
  const load = startLoad(system.url, { senders: 12, items: 600 });
  try {
    await waitFor(async () => (await decisions(first)) > 10, { ...LONG, what: 'the first relay to decide' });
    expect(await decisions(other)).toBe(0);
    // Two writers with one slot each: beyond two it must be the limiter that says so.
    await waitFor(async () => (await slots()) > 2, { ...LONG, what: 'the limit to rise where nothing queues' });
    await first?.stop();
    await waitFor(async () => (await decisions(other)) > 10, { ...LONG, what: 'the other relay to decide' });
    expect((await send(system.url, 'PUT', '/api/v1/settings/limiter', { value: false })).status).toBe(200);
    await waitFor(async () => (await slots()) === 2, { ...LONG, what: 'the fixed number of slots' });
  } finally {
    await load.stop();
  }
  // 503: a machine with much else to do refuses before anything is done.
  expect([...load.statuses.keys()].filter((status) => ![201, 207, 503].includes(status))).toEqual([]);
  expect(await countRows(system.databaseUrl, 'execution')).toBe(load.told.filter(({ fate }) => fate === 'stored').length);
}, 240_000);
