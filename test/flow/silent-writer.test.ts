import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { logFileOf } from '../../bin/up/node-process.ts';
import { execution } from '../helpers/executions.ts';
import { startFleet, type Fleet, type FleetNode } from '../helpers/fleet.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ITEMS = 6_000;

let fleet: Fleet;
/** Heartbeats are so far apart that the registry tells of no death while a test runs. */
beforeAll(async () => {
  fleet = await startFleet({ writers: 2, relays: 0, env: { HEARTBEAT: '60' } });
}, 120_000);
afterAll(() => fleet.stop());

const writers = () => fleet.nodes().filter(({ id }) => id.startsWith('writer'));
const rows = async () => Number((await fleet.sql<{ n: string }>('select count(*) as n from execution'))[0]?.n);
const body = Array.from({ length: ITEMS }, () => `${JSON.stringify(execution())}\n`).join('');
const upload = () => send(fleet.url, 'POST', '/api/v1/batches/executions', body, { 'Content-Type': 'application/x-ndjson' });

/** An upload in the midst of which something happens to a writer: then it surely has chunks in hand, for nothing can be written. */
async function uploadWhile(node: FleetNode, happens: () => Promise<void>): Promise<HttpAnswer> {
  const holder = new Client({ connectionString: fleet.databaseUrl });
  await holder.connect();
  await holder.query('begin; lock table execution in share mode');
  try {
    const sent = upload();
    await waitFor(async () => (await fleet.sql(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and application_name = $1`, [`sluice ${node.id}`])).length > 0, { timeoutMs: 30_000, what: `a flush of ${node.id} to wait` });
    await happens();
    await holder.query('commit');
    return await sent;
  } finally {
    await holder.end();
  }
}

/** How many chunks were waited for until the time limit of their call. */
async function timedOut(): Promise<number> {
  const log = await readFile(logFileOf(fleet.logs, fleet.edges()[0]?.id ?? ''), 'utf8');
  return log.split('\n').filter((line) => line.includes('REQUEST_TIMEOUT') && line.includes('its slices go to another')).length;
}

test('a writer killed with chunks of an upload in hand: they go to another before the registry or a time limit tells of it, and are written once', async () => {
  const [, dead] = writers() as [FleetNode, FleetNode];
  const answer = await uploadWhile(dead, () => dead.kill9());
  expect(answer).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: ITEMS, rejected: 0 } });
  await waitFor(async () => (await rows()) === ITEMS, { timeoutMs: 10_000, what: 'all records, once' });
  expect(await timedOut()).toBe(0);
}, 120_000);

test('a writer that sleeps with chunks of an upload in hand loses them to another; what it writes when it wakes is written once', async () => {
  const before = await rows();
  const [, , asleep] = [...writers(), await fleet.start('writer')] as [FleetNode, FleetNode, FleetNode];
  await fleet.sees('writer', 2);
  const answer = await uploadWhile(asleep, async () => void process.kill(asleep.pid, 'SIGSTOP'));
  expect(answer).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: ITEMS, rejected: 0 } });
  expect(await timedOut()).toBe(0);

  process.kill(asleep.pid, 'SIGCONT');
  // It answers again, and is given work again.
  await waitFor(async () => {
    await upload();
    return (await fleet.sql('select from ledger where node = $1 limit 1', [asleep.id])).length > 0;
  }, { timeoutMs: 60_000, what: 'the writer to work again' });
  expect((await rows()) - before).toBe(ITEMS * Number((await fleet.sql<{ n: number }>(`select count(*)::int - 1 as n from large_batch where state = 'COMPLETED'`))[0]?.n));
}, 120_000);
