import type { Checked } from '../../bin/verify/report-text.ts';
import type { RunningNode } from '../../shared/runtime/node.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { send } from '../helpers/http.ts';
import { startLoad } from '../helpers/load.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TEST_MS = 180_000;
const PATIENT = { timeoutMs: 60_000 };

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 2, relays: 2, settings: { verifyInterval: 300 } });
}, TEST_MS);
afterAll(() => system.stop());

async function verify(...args: string[]): Promise<Checked> {
  const ran = await runSluice(['verify', '--json', '--url', system.url, ...args], { env: { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: kafkaBrokers() } });
  if (ran.out === '') throw new Error(ran.err);
  return JSON.parse(ran.out) as Checked;
}

/** The lines of the gauges of the law that the relays tell. */
async function gauges(nodes: readonly RunningNode[], name: string): Promise<string[]> {
  const texts = await Promise.all(nodes.map((node) => node.context.metrics.registry.metrics()));
  return texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith(`sluice_law_${name}`)));
}
const count = async (name: string) => (await gauges(system.relays, name)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
const quiet = () => waitFor(async () => (await query(system.databaseUrl, `select 1 from ledger where state = 'waiting' union all select 1 from batch where state = 'open'`)).length === 0, { ...PATIENT, what: 'everything to be closed and delivered' });

test('no false alarm while a load runs, with bad items and updates, in the foreground and in the background; none when it is over', async () => {
  const load = startLoad(system.url, { senders: 3, items: 40 });
  const changed = new Set<number>();
  let on = true;
  const changing = (async () => {
    while (on) {
      const id = load.told.findLast((t) => t.fate === 'stored')?.id;
      if (id === undefined || changed.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
      else if ((await send(system.url, 'PUT', `/api/v1/execution/${id}`, { quantityFilled: 1, averagePrice: 1, version: 1 })).status === 200) changed.add(id);
    }
  })();
  try {
    await waitFor(() => load.answers >= 10 && changed.size > 0, { ...PATIENT, what: 'answers' });
    for (const args of [[], ['--kafka'], [], ['--kafka']]) expect((await verify(...args)).breaches).toEqual([]);
    await waitFor(async () => (await count('passes_total')) > 0, { ...PATIENT, what: 'a pass in the background' });
    expect(await count('broken ')).toBe(0);
  } finally {
    on = false;
    await changing;
    await load.stop();
  }
  await quiet();
  const after = await verify('--kafka');
  expect(after.breaches).toEqual([]);
  expect(after.topics?.[system.settings.ordersTopic]).toMatchObject({ missing: 0, unknown: 0, records: load.told.filter((t) => t.fate === 'stored').length });
}, TEST_MS);

test('one of the relays tells of the law; a breach is in its gauge until it is mended', async () => {
  const [told] = await query<{ id: string }>(system.databaseUrl, 'select min(id)::text as id from execution');
  const passes = await count('passes_total');
  await query(system.databaseUrl, `create table kept as select * from execution where id = ${told?.id}`);
  await query(system.databaseUrl, `delete from execution where id = ${told?.id}`);
  await waitFor(async () => (await count('broken ')) === 1, { ...PATIENT, what: 'the gauge to say that the law is broken' });
  expect(await count('breaches{law="rows"}')).toBe(1);
  const asked = (await verify()).breaches.map((b) => [b.what, b.where.id]);
  expect(asked).toContainEqual(['row-missing', Number(told?.id)]);
  await query(system.databaseUrl, 'insert into execution select * from kept');
  await waitFor(async () => (await count('broken ')) === 0, { ...PATIENT, what: 'the gauge to say that it holds' });
  expect(await count('passes_total')).toBeGreaterThan(passes);
  expect(await count('failures_total')).toBe(0);
  // Checked up to now, and by one relay alone: the other's gauges stand at nothing.
  const instants = (await gauges(system.relays, 'checked_timestamp_seconds ')).map((line) => Number(line.split(' ').at(-1)));
  expect(instants.filter((at) => at > 0)).toHaveLength(1);
}, TEST_MS);
