import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Summary } from '../../bin/send/summary.ts';
import type { Checked } from '../../bin/verify/report-text.ts';
import type { Ran } from '../bin/run-sluice.ts';
import { EXAMPLE_GOOD, EXAMPLE_ITEMS, longExample } from '../helpers/examples.ts';
import { startFleet, type Fleet, type FleetNode } from '../helpers/fleet.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TIMES = 3;
const ITEMS = TIMES * EXAMPLE_ITEMS;
const GOOD = TIMES * EXAMPLE_GOOD;
const TEST_MS = 120_000;

let fleet: Fleet;
let writers: FleetNode[];
let relays: FleetNode[];
let file: string;
/** Rows that were there before. */
let before: number;

beforeAll(async () => {
  file = await longExample(TIMES);
  fleet = await startFleet({ writers: 0, relays: 0 });
  [writers, relays] = await Promise.all([Promise.all([fleet.start('writer'), fleet.start('writer')]), Promise.all([fleet.start('relay'), fleet.start('relay')])]);
  await Promise.all([fleet.sees('writer', 2), fleet.sees('relay', 2)]);
  await waitFor(async () => (await fleet.sql(`select from relay_shard where sink = $1 and until > now()`, [`kafka:${fleet.topic}`])).length === 32, { timeoutMs: 30_000, what: 'every shard to have an owner' });
}, TEST_MS);
afterAll(async () => {
  await fleet.stop();
  await rm(dirname(file), { recursive: true });
});
beforeEach(async () => {
  before = await rows();
});

const count = async (text: string): Promise<number> => Number((await fleet.sql<{ n: string }>(text))[0]?.n);
const rows = () => count('select count(*) as n from execution');
const delivered = () => count('select coalesce(sum(delivered), 0) as n from ledger');

/** Sends the file; what `meanwhile` does happens in the middle of it. */
async function send(meanwhile: () => Promise<void>): Promise<Summary> {
  let over = false;
  const sending = fleet.sluice('send', file, '--json', '--quiet', '--batch', '200', '--in-flight', '3').finally(() => (over = true));
  await waitFor(async () => (await rows()) > before + 1_000, { timeoutMs: 30_000, what: 'the sending to begin' });
  await meanwhile();
  expect(over).toBe(false);
  const ran: Ran = await sending;
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 1, err: '' });
  return JSON.parse(ran.out) as Summary;
}

/** All good items are written once and delivered: so says the answer, the table, and verify with the topic. */
async function expectAll(summary: Summary): Promise<void> {
  expect(summary).toMatchObject({ items: ITEMS, successful: GOOD, failed: ITEMS - GOOD, unknown: 0 });
  await fleet.quiet();
  expect((await rows()) - before).toBe(GOOD);
  const checked = JSON.parse((await fleet.sluice('verify', '--kafka', '--json')).out) as Checked;
  expect(checked).toMatchObject({ holds: true, breaches: [], topics: { [fleet.topic]: { records: before + GOOD, missing: 0, unknown: 0 } } });
}

test('a writer killed in the middle of a send: all good items are written once and delivered', async () => {
  const summary = await send(() => (writers[0] as FleetNode).kill9());
  await expectAll(summary);
  writers[0] = await fleet.start('writer');
  await fleet.sees('writer', 2);
}, TEST_MS);

test('one of two relays killed in the middle of a send: the other takes its shards, all is delivered', async () => {
  const summary = await send(async () => {
    await waitFor(async () => (await delivered()) > before, { timeoutMs: 30_000, what: 'the delivery to begin' });
    await (relays[0] as FleetNode).kill9();
  });
  await expectAll(summary);
}, TEST_MS);

test('F28 the last relay killed in the middle of a send: what is due waits, and a new one delivers all of it', async () => {
  const summary = await send(() => (relays[1] as FleetNode).kill9());
  expect(await count(`select count(*) as n from ledger where state = 'waiting'`)).toBeGreaterThan(0);
  relays.push(await fleet.start('relay'));
  await expectAll(summary);
}, TEST_MS);
