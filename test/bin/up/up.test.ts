import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { kafkaBrokers, natsUrl } from '../../helpers/addresses.ts';
import { createDatabase } from '../../helpers/database.ts';
import { uniqueName } from '../../helpers/namespace.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { runSluice } from '../run-sluice.ts';
import { living, pidOf, startUp, type RunningUp } from './running-up.ts';

const TIMEOUT_MS = 60_000;
const GONE_MS = 15_000;
let folder: string;
let data: string;
const running: RunningUp[] = [];

const start = (...args: Parameters<typeof startUp>): RunningUp => {
  const up = startUp(...args);
  running.push(up);
  return up;
};
/** With the test run's Kafka, which is there already, and a topic of its own. */
const withKafka = () => ({ KAFKA_BROKERS: kafkaBrokers(), ORDERS_TOPIC: uniqueName('orders') });
const gone = (record: ReturnType<RunningUp['record']>) => waitFor(() => living(record).length === 0, { timeoutMs: GONE_MS, what: 'everything to end' });

interface Ready {
  status: string;
  roles: { writer: { nodes: number } };
  delivery: { status: string };
}
const readiness = async (url: string): Promise<Ready> => (await (await fetch(`${url}/health/ready`)).json()) as Ready;
const post = async (url: string, destination: string): Promise<number> => {
  const execution = { tradeType: 'BUY', destination, securityId: 'SEC000000000000000000001', quantity: 10 };
  const response = await fetch(`${url}/api/v1/executions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(execution) });
  await response.text();
  return response.status;
};
const storedIn = async (up: RunningUp, destination: string): Promise<number> => {
  const client = new pg.Client({ connectionString: up.record().addresses.postgresUrl });
  await client.connect();
  try {
    return (await client.query('select from execution where destination = $1', [destination])).rowCount ?? 0;
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-up-'));
  data = join(folder, 'data');
});
afterEach(async () => {
  for (const up of running.splice(0)) {
    if (up.child.exitCode !== null || up.child.signalCode !== null) continue;
    up.child.kill('SIGINT');
    await up.ended();
  }
}, TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

test('one command starts everything; whatever is killed is started again on its port; Ctrl-C stops all in order', async () => {
  const up = start(data, {});
  const url = await up.ready();
  expect(await readiness(url)).toMatchObject({ status: 'UP', roles: { writer: { nodes: 2 } } });
  expect(await post(url, 'FIRST')).toBe(201);

  for (const name of ['writer-1', 'relay', 'Kafka', 'NATS', 'PostgreSQL', 'edge']) {
    const before = await pidOf(up, name);
    process.kill(before, 'SIGKILL');
    await pidOf(up, name, before);
    await waitFor(() => up.said().includes(`${name.padEnd(11)} runs again`), { timeoutMs: 30_000, what: `the line that ${name} runs again` });
  }
  const guard = up.record().guard?.pid as number;
  process.kill(guard, 'SIGKILL');
  await waitFor(() => up.record().guard?.pid !== guard, { what: 'another guard' });
  await waitFor(async () => (await post(url, 'SECOND')) === 201, { timeoutMs: 30_000, what: 'an execution to be taken by what was started again' });

  const record = up.record();
  up.child.kill('SIGINT');
  expect(await up.ended()).toBe(0);
  expect(living(record)).toEqual([]);
  const stops = [...up.said().matchAll(/^✔ (\w+) +stopped/gm)].map(([, name]) => name);
  expect(stops).toEqual(['edge', 'writer', 'relay', 'Kafka', 'NATS', 'PostgreSQL']);
}, TIMEOUT_MS * 2);

test('data survive; the same folder is refused while it runs, to a second start and to reset; a taken port is refused naming PORT', async () => {
  const up = start(data, withKafka());
  const url = await up.ready();
  expect(await storedIn(up, 'FIRST')).toBe(1);

  const second = await runSluice(['up'], { env: { SLUICE_DATA: data, PORT: '0' } });
  expect(second).toMatchObject({ code: 2, err: expect.stringContaining(`(process ${up.child.pid}, ${url})`) as string });
  const reset = await runSluice(['reset', '--yes'], { env: { SLUICE_DATA: data } });
  expect(reset).toMatchObject({ code: 2, err: expect.stringContaining('Stop it first; nothing was deleted') as string });
  const { port } = new URL(url);
  const elsewhere = await runSluice(['up', '--port', port], { env: { SLUICE_DATA: join(folder, 'other') } });
  expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining(`PORT ${port} is taken`) as string });
  expect(await readiness(url)).toMatchObject({ status: 'UP' });

  // A second Ctrl-C does not wait for anything, and leaves nobody behind all the same.
  const record = up.record();
  up.child.kill('SIGSTOP');
  process.kill(record.parts.find((p) => p.name === 'edge')?.pid as number, 'SIGSTOP');
  up.child.kill('SIGCONT');
  up.child.kill('SIGINT');
  await waitFor(() => up.said().includes('Stopping'), { what: 'the line that it stops' });
  await waitFor(() => {
    up.child.kill('SIGINT');
    return up.said().includes('Asked again');
  }, { what: 'the second Ctrl-C to be heard' });
  expect(await up.ended()).toBe(130);
  await gone(record);
}, TIMEOUT_MS);

test('after kill -9 of the launcher, or of npm above it, nobody is left, and the next start recovers', async () => {
  const killed = start(data, withKafka());
  await killed.ready();
  const first = killed.record();
  await killed.kill9();
  await gone(first);

  const underNpm = start(data, withKafka(), ['npm', 'start']);
  const url = await underNpm.ready();
  expect(await post(url, 'THIRD')).toBe(201);
  const second = underNpm.record();
  expect(second.launcher.pid).not.toBe(underNpm.child.pid);
  underNpm.child.kill('SIGKILL');
  await gone(second);

  const again = start(data, withKafka());
  await again.ready();
  expect(await storedIn(again, 'THIRD')).toBe(1);
}, TIMEOUT_MS * 2);

test('without a Kafka to be had it starts all the same, says what is missing, and reports delivery as waiting', async () => {
  const database = await createDatabase();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(process.execPath, join(bin, 'node'));
  const env = { POSTGRES_URL: database.url, NATS_URL: natsUrl(), NAMESPACE: uniqueName('up'), PATH: bin, SLUICE_CACHE: join(folder, 'empty-cache'), KAFKA_BROKERS: '', KAFKA_HOME: '', JAVA_HOME: '' };
  const up = start(join(folder, 'no-kafka'), env);
  const url = await up.ready();
  expect(up.said()).toMatch(/Kafka is not to be had here\. Tried: .*KAFKA_BROKERS.*\n.*records are taken and stored/);
  expect(await readiness(url)).toMatchObject({ status: 'UP', delivery: { status: 'waiting' } });
  expect(await post(url, 'NOWHERE')).toBe(201);
  up.child.kill('SIGTERM');
  expect(await up.ended()).toBe(0);
  await database.drop();
}, TIMEOUT_MS);

test('what cannot work is said at once: a misspelt setting, a folder that is not Sluice\'s, a NATS that does not answer', async () => {
  expect(await runSluice(['up'], { env: { WRITRES: '3' } })).toMatchObject({ code: 2, err: expect.stringContaining('did you mean WRITERS?') as string });

  const foreign = join(folder, 'foreign');
  await mkdir(foreign);
  await writeFile(join(foreign, 'thesis.txt'), 'years of work');
  expect(await runSluice(['up'], { env: { SLUICE_DATA: foreign, PORT: '0' } })).toMatchObject({ code: 2, err: expect.stringContaining('not of Sluice\'s making') as string });
  expect(await runSluice(['reset', '--yes'], { env: { SLUICE_DATA: foreign } })).toMatchObject({ code: 2, err: expect.stringContaining('nothing was deleted') as string });

  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const away = await runSluice(['up'], { env: { SLUICE_DATA: join(folder, 'away'), PORT: '0', POSTGRES_URL: `postgres://x@127.0.0.1:${port}/x`, NATS_URL: `nats://127.0.0.1:${port}`, KAFKA_BROKERS: '127.0.0.1:1' } });
  expect(away).toMatchObject({ code: 3, err: expect.stringMatching(/(POSTGRES|NATS)_URL: /) as string });
}, TIMEOUT_MS);

test('reset asks first, then deletes what Sluice made and leaves what it did not', async () => {
  const other = join(data, 'mine.txt');
  await writeFile(other, 'kept');
  expect(await runSluice(['reset'], { env: { SLUICE_DATA: data } })).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') as string });
  expect(await runSluice(['reset', '--yes'], { env: { SLUICE_DATA: data } })).toMatchObject({ code: 0, out: expect.stringContaining('Left alone, since Sluice did not make it: mine.txt') as string });
  expect(await readdir(data)).toEqual(['mine.txt']);
  await rm(other);
  expect(await runSluice(['reset', '--yes'], { env: { SLUICE_DATA: data } })).toMatchObject({ code: 2, err: expect.stringContaining('no data folder of Sluice\'s making') as string });
});

