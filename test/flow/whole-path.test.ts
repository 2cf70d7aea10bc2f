import { readFile } from 'node:fs/promises';
import type { Summary } from '../../bin/send/summary.ts';
import type { Checked } from '../../bin/verify/report-text.ts';
import { EXAMPLE_GOOD, EXAMPLE_ITEMS, examplePath } from '../helpers/examples.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const PARTITIONS = 20;

let fleet: Fleet;
let reader: TopicReader;
let summary: Summary;

beforeAll(async () => {
  fleet = await startFleet({ writers: 2, relays: 1 });
  await waitFor(async () => (await fleet.ready()).delivery.status === 'up', { timeoutMs: 30_000, what: 'the relay to reach Kafka' });
  reader = await TopicReader.open(fleet.brokers, fleet.topic);
  const ran = await fleet.sluice('send', examplePath('executions.ndjson'), '--json', '--quiet');
  summary = JSON.parse(ran.out) as Summary;
  await fleet.quiet();
  await waitFor(() => reader.seen.length >= EXAMPLE_GOOD, { timeoutMs: 30_000, what: 'the consumer to see every message' });
});
afterAll(async () => {
  await reader.close();
  await fleet.stop();
});

/** A record as the interface says a message must be, made by PostgreSQL alone. */
const EXPECTED_MESSAGES = `
select id::text as id, '{"id":' || id || ',"executionStatus":"' || execution_status || '","tradeType":"' || trade_type || '","destination":"' || destination || '","securityId":"' || security_id
  || '","quantity":' || quantity || ',"limitPrice":' || coalesce(limit_price::text, 'null') || ',"receivedTimestamp":' || extract(epoch from received_timestamp)::numeric(20, 3)
  || ',"sentTimestamp":null,"tradeServiceExecutionId":' || coalesce(trade_service_execution_id::text, 'null') || ',"quantityFilled":' || quantity_filled
  || ',"averagePrice":' || coalesce(average_price::text, 'null') || ',"version":' || version || '}' as value
from execution`;

test('answer, PostgreSQL, ledger and Kafka agree on how many there are', async () => {
  expect(summary).toMatchObject({ items: EXAMPLE_ITEMS, successful: EXAMPLE_GOOD, failed: EXAMPLE_ITEMS - EXAMPLE_GOOD, unknown: 0 });
  expect(await fleet.sql('select count(*)::int as rows, count(distinct id)::int as ids from execution')).toEqual([{ rows: EXAMPLE_GOOD, ids: EXAMPLE_GOOD }]);
  expect(await fleet.sql('select sum(written)::int as written, sum(rejected)::int as rejected, sum(delivered)::int as delivered, sum(superseded)::int as superseded from ledger')).toEqual([
    { written: EXAMPLE_GOOD, rejected: EXAMPLE_ITEMS - EXAMPLE_GOOD, delivered: EXAMPLE_GOOD, superseded: 0 },
  ]);
  expect(reader.seen).toHaveLength(EXAMPLE_GOOD);
});

test('verify says so, from its own sources', async () => {
  const ran = await fleet.sluice('verify', '--kafka', '--json');
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(ran.out) as Checked).toMatchObject({
    holds: true, breaches: [],
    kinds: { execution: { accepted: EXAMPLE_ITEMS, written: EXAMPLE_GOOD, rejected: 100, withdrawn: 0, pending: 0, rows: EXAMPLE_GOOD } },
    topics: { [fleet.topic]: { messages: EXAMPLE_GOOD, records: EXAMPLE_GOOD, duplicates: 0, missing: 0, unknown: 0 } },
  });
});

test('each good item of the file is stored exactly once, with its own values', async () => {
  const wrong = new Set(Object.keys(JSON.parse(await readFile(examplePath('expected-failures.json'), 'utf8')) as object).map(Number));
  const lines = (await readFile(examplePath('executions.ndjson'), 'utf8')).trim().split('\n');
  const sent = lines.filter((_, i) => !wrong.has(i)).map((line) => {
    const item = JSON.parse(line) as Record<string, unknown>;
    return [item.executionStatus ?? 'NEW', item.tradeType, item.destination, item.securityId, Number(item.quantity), item.limitPrice == null ? null : Number(item.limitPrice)].join('|');
  });
  const rows = await fleet.sql<Record<string, string | null>>('select execution_status, trade_type, destination, security_id, quantity, limit_price from execution');
  const stored = rows.map((r) => [r.execution_status, r.trade_type, r.destination, r.security_id, Number(r.quantity), r.limit_price === null ? null : Number(r.limit_price)].join('|'));
  expect(stored.sort()).toEqual(sent.sort());
});

test('each message is the stored record, digit by digit: decimals as numbers with all eight places, times as seconds with a fraction', async () => {
  const expected = new Map((await fleet.sql<{ id: string; value: string }>(EXPECTED_MESSAGES)).map(({ id, value }) => [id, value]));
  expect(new Map(reader.seen.map(({ key, value }) => [key, value]))).toEqual(expected);
  expect(reader.seen[0]?.value).toMatch(/"quantity":\d+\.\d{8},.*"receivedTimestamp":\d{10}\.\d{3},/);
});

test('a message lies on the partition that Java clients take for its key, and every partition has some', () => {
  for (const { key, partition } of reader.seen) expect([key, partition]).toEqual([key, javaPartition(key)]);
  expect(new Set(reader.seen.map(({ partition }) => partition)).size).toBe(PARTITIONS);
});

test('headers are those of CloudEvents in binary mode, with the caller\'s trace', async () => {
  const received = new Map((await fleet.sql<{ id: string }>('select id from execution limit 50')).map(({ id }) => [id, true]));
  for (const { key, headers } of reader.seen.filter((m) => received.has(m.key))) {
    expect(headers).toMatchObject({ ce_specversion: '1.0', ce_id: `execution:${key}:1`, ce_type: 'sluice.execution.insert', 'content-type': 'application/json' });
    expect(headers.ce_source).toMatch(/^urn:sluice:fleet-/);
    expect(headers.ce_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  }
});

/** murmur2 as in org.apache.kafka.common.utils.Utils, in whole numbers of any size; then toPositive and the remainder. */
function javaPartition(key: string): number {
  const data = Buffer.from(key, 'utf8');
  const int = (n: bigint) => BigInt.asUintN(32, n);
  const M = 0x5bd1e995n;
  let h = int(0x9747b28cn ^ BigInt(data.length));
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    let k = int(BigInt(data.readUInt32LE(i)) * M);
    k = int((k ^ (k >> 24n)) * M);
    h = int(h * M) ^ k;
  }
  for (let i = data.length - 1; i >= whole; i--) {
    h ^= BigInt(data[i] ?? 0) << BigInt(8 * (i - whole));
    if (i === whole) h = int(h * M);
  }
  h = int((h ^ (h >> 13n)) * M);
  h ^= h >> 15n;
  return Number((h & 0x7fffffffn) % BigInt(PARTITIONS));
}
