import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Summary } from '../../bin/send/summary.ts';
import type { Checked } from '../../bin/verify/report-text.ts';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { EXAMPLE_GOOD, EXAMPLE_ITEMS, examplePath, longExample } from '../helpers/examples.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { ownServers } from '../helpers/own-servers.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TIMES = 3;
const TEST_MS = 150_000;

const servers = ownServers();
let fleet: Fleet;
let port: number;
let dataDir: string;
let file: string;

beforeAll(async () => {
  [port, dataDir, file] = await Promise.all([freePort(), servers.folder(), longExample(TIMES)]);
  fleet = await startFleet({ writers: 2, relays: 1, env: { KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_PARTITIONS: '6' } });
}, TEST_MS);
afterAll(async () => {
  await fleet.stop();
  await rm(dirname(file), { recursive: true });
});

const broker = () => servers.start(startKafka, { dataDir, port });
const count = async (text: string): Promise<number> => Number((await fleet.sql<{ n: string }>(text))[0]?.n);
const waiting = () => count(`select coalesce(sum(written - delivered), 0) as n from ledger where state = 'waiting'`);
const delivered = () => count('select coalesce(sum(delivered), 0) as n from ledger');
const delivery = (status: string) => waitFor(async () => (await fleet.ready()).delivery.status === status, { timeoutMs: 30_000, what: `the delivery to be ${status}` });
const verify = async (): Promise<Checked> => JSON.parse((await fleet.sluice('verify', '--kafka', '--json')).out) as Checked;

test('F27 Kafka is away at the start: everything is taken in and kept, readiness says that delivery waits, and a broker that comes gets all of it', async () => {
  const sent = await fleet.sluice('send', examplePath('executions.ndjson'), '--json', '--quiet');
  expect(JSON.parse(sent.out)).toMatchObject({ successful: EXAMPLE_GOOD, failed: EXAMPLE_ITEMS - EXAMPLE_GOOD, unknown: 0 } satisfies Partial<Summary>);
  const ready = await fleet.ready();
  expect(ready).toMatchObject({ status: 'UP', delivery: { status: 'waiting', why: expect.stringMatching(/kafka.* does not answer/) as string } });
  expect(await waiting()).toBe(EXAMPLE_GOOD);
  expect((await fleet.sluice('verify')).code).toBe(0); // what waits is accounted for too

  await broker();
  await fleet.quiet();
  await delivery('up');
  expect(await verify()).toMatchObject({ holds: true, topics: { [fleet.topic]: { records: EXAMPLE_GOOD, missing: 0, unknown: 0 } } });
  expect(await count('select coalesce(sum(attempts), 0) as n from ledger')).toBe(0); // a cluster that is away costs no tries
}, TEST_MS);

test('Kafka killed in the middle of a send and started again: no request notices, nothing is lost', async () => {
  const before = await delivered();
  const first = await broker();
  await delivery('up');
  const sending = fleet.sluice('send', file, '--json', '--quiet', '--batch', '200', '--in-flight', '3');
  await waitFor(async () => (await delivered()) > before, { timeoutMs: 30_000, what: 'the delivery to begin' });
  first.kill('SIGKILL');
  await first.exited;
  const sent = await sending;
  expect({ code: sent.code, err: sent.err }).toEqual({ code: 1, err: '' });
  expect(JSON.parse(sent.out)).toMatchObject({ successful: TIMES * EXAMPLE_GOOD, unknown: 0 } satisfies Partial<Summary>);
  await delivery('waiting');
  expect(await waiting()).toBeGreaterThan(0);

  await broker();
  await fleet.quiet();
  expect(await verify()).toMatchObject({ holds: true, breaches: [], topics: { [fleet.topic]: { records: (TIMES + 1) * EXAMPLE_GOOD, missing: 0, unknown: 0 } } });
}, TEST_MS);
