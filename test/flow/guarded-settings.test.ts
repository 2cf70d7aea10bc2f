import type { GuardOutcome, ShownGuard } from '../../shared/contracts/guards.ts';
import { checkTruth, type Told } from '../helpers/check-truth.ts';
import { send } from '../helpers/http.ts';
import { startLoad } from '../helpers/load.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };
const TEST_MS = 120_000;

let system: TestSystem;
const told: Told[] = [];
beforeAll(async () => {
  system = await startSystem({ writers: 1, relays: 2, settings: { kafkaBrokers: '', poolSampleInterval: 150 } });
}, TEST_MS);
afterAll(() => system.stop(), TEST_MS);

interface Change {
  change: number;
  from: string | null;
  to: string | null;
  who: string;
  why: string | null;
  reverts: number | null;
  revertedBy: number | null;
  guard: ShownGuard | null;
}
const put = (name: string, body: unknown) => send(system.url, 'PUT', `/api/v1/settings/${name}`, body);
const history = async (name: string) => ((await send(system.url, 'GET', `/api/v1/settings/history?setting=${name}`)).body as unknown as { content: Change[] }).content;
const guardOf = async (name: string, change: unknown) => (await history(name)).find((one) => one.change === change)?.guard;
const ended = (name: string, change: unknown, outcome: GuardOutcome) => waitFor(async () => (await guardOf(name, change))?.outcome === outcome, { ...LONG, what: `the guard of ${name} to end: ${outcome}` });
interface Preview {
  guard: { before: { rounds: number } };
}
const preview = async () => (await put('maxRequests', { value: 1, guard: '5m', dryRun: true })).body as unknown as Preview;
const enoughRequests = () => underLoad(() => waitFor(async () => (await preview()).guard.before.rounds >= 5, { ...LONG, what: 'enough requests to compare with' }));
const running = () => [system.edge, ...system.writers, ...system.relays].map(({ context }) => context.settings.maxRequests);
const underLoad = async (until: () => Promise<unknown>) => {
  const load = startLoad(system.url, { senders: 4, items: 5 });
  try {
    await until();
  } finally {
    await load.stop();
    told.push(...load.told);
  }
};

test('a guarded change that makes requests fail takes itself back on every node, though the node that watched has gone; history and audit say why', async () => {
  await enoughRequests();
  expect(await preview()).toMatchObject({ dryRun: true, from: 2_000, to: 1, guard: { ms: 300_000 } });

  const { status, body: { change } } = await put('maxRequests', { value: 1, guard: '5m', why: 'a test' });
  expect(status).toBe(200);
  await system.relays.toSorted((a, b) => (a.context.nodeId < b.context.nodeId ? -1 : 1))[0]?.stop();
  expect(await guardOf('maxRequests', change)).toMatchObject({ outcome: null, after: { rounds: 0 } });
  await underLoad(() => ended('maxRequests', change, 'reverted'));

  const [back, first] = await history('maxRequests');
  expect(first).toMatchObject({ change, to: '1', revertedBy: back?.change, guard: { reason: expect.stringMatching(/^worse in 3 rounds running: errors [\d.]+ %, before the change [\d.]+ %/) as string } });
  expect(back).toMatchObject({ who: 'guard', from: '1', to: null, reverts: change, why: first?.guard?.reason });
  await waitFor(() => running().filter((value) => value === 2_000).length >= 3, { ...LONG, what: 'the nodes that run to have the value of before' });
  const audit = (await send(system.url, 'GET', '/api/v1/audit?who=guard')).body as unknown as { content: unknown[] };
  expect(audit.content).toEqual([expect.objectContaining({ operation: 'settings.revert', target: { setting: 'maxRequests' }, detail: expect.objectContaining({ reverts: change, guard: { before: first?.guard?.before, after: first?.guard?.after } }) as unknown })]);
  expect((await checkTruth(system.databaseUrl, told)).lies).toEqual([]);
}, TEST_MS);

test('one guarded change is watched at a time, and no requests are no verdict: the change stands, and its history says so', async () => {
  await enoughRequests();
  const { body: { change } } = await put('parallelism', { value: 7, guard: '10s' });
  const second = await put('replayRate', { value: 3, guard: '10s' });
  expect(second).toMatchObject({ status: 409, body: { code: 'guard-open' } });
  expect(await query(system.databaseUrl, `select 1 from setting_change where name = 'replayRate'`)).toEqual([]);
  expect((await send(system.url, 'GET', '/api/v1/settings/parallelism')).body).toMatchObject({ guard: { outcome: null, reason: null } });
  await ended('parallelism', change, 'no-verdict');
  expect(await guardOf('parallelism', change)).toMatchObject({ reason: expect.stringContaining('too few requests since the change to say anything (0); it stands') as string });
  expect((await history('parallelism'))[0]).toMatchObject({ change, to: '7', revertedBy: null });
}, TEST_MS);

test('a person who changes the setting again, or takes the change back, ends its guard', async () => {
  const first = (await put('parallelism', { value: 8, guard: '5m' })).body.change;
  const second = (await put('parallelism', { value: 9, guard: '5m' })).body.change;
  expect(await guardOf('parallelism', first)).toMatchObject({ outcome: 'changed-again', reason: `change ${String(second)} took its place` });
  expect((await send(system.url, 'POST', `/api/v1/settings/history/${String(second)}/revert`, {})).status).toBe(200);
  expect(await guardOf('parallelism', second)).toMatchObject({ outcome: 'changed-again' });
}, TEST_MS);

test('without a node that could watch no change is guarded', async () => {
  for (const relay of system.relays) await relay.stop();
  await waitFor(async () => (await put('parallelism', { value: 3, guard: '5m', dryRun: true })).status === 409, { ...LONG, what: 'the edge to see that no relay is left' });
  expect(await put('parallelism', { value: 3, guard: '5m' })).toMatchObject({ status: 409, body: { code: 'nobody-watches' } });
  expect((await history('parallelism'))[0]?.to).toBe('8');
}, TEST_MS);
