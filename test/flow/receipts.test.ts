import type { Receipt } from '../../services/gateway/receipts/receipt.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const ITEMS = 400;

let system: TestSystem;
let reader: TopicReader;
let batchId: string;
let ids: (number | undefined)[];

/** Sends are small, so that a slice takes several; changes come while they go on, so that some messages are superseded and some are not. */
beforeAll(async () => {
  system = await startSystem({ relays: 1, settings: { relayBatchMessages: 60, relayPartitionBytes: 12_000 } });
  const items = Array.from({ length: ITEMS }, (_, i) => execution(i % 17 === 3 ? { quantity: -1 } : {}));
  const answer = await send(system.url, 'POST', '/api/v1/executions/batch', { executions: items, clientReference: 'mixed – 1' }, { Prefer: 'return=minimal' });
  batchId = String(answer.body.batchId);
  ids = (answer.body.results ?? []).map((r) => r.id);
  const put = (id: number, version: number) => send(system.url, 'PUT', `/api/v1/execution/${id}`, { quantityFilled: version, averagePrice: 1, version }, { 'Client-Reference': 'fill' });
  await Promise.all(ids.filter((id, i) => id !== undefined && i % 5 === 0).map((id) => put(id as number, 1)));
  await Promise.all(ids.filter((id, i) => id !== undefined && i % 35 === 0).map((id) => put(id as number, 2)));
  await send(system.url, 'POST', '/api/v1/executions', execution(), referenceHeader('mixed – 1'));
  await waitFor(async () => (await query(system.databaseUrl, `select 1 from ledger where state = 'waiting'`)).length === 0, { timeoutMs: 60_000, what: 'everything to be delivered' });
  reader = await TopicReader.open(kafkaBrokers(), system.settings.ordersTopic);
  const [{ sent }] = (await query(system.databaseUrl, 'select sum(delivered)::int as sent from ledger')) as [{ sent: number }];
  await waitFor(() => reader.seen.length >= sent, { timeoutMs: 60_000, what: 'the consumer to see every message' });
});
afterAll(async () => {
  await system.stop();
  await reader.close();
});

/** The header of a reference: UTF-8, which Node takes byte by byte. */
function referenceHeader(text: string): Record<string, string> {
  return { 'Client-Reference': Buffer.from(text, 'utf8').toString('latin1') };
}

async function receipts(selector: string): Promise<Receipt[]> {
  const answer = await send(system.url, 'GET', `/api/v1/receipts?${selector}`, undefined, { Accept: 'application/x-ndjson' });
  expect(answer.status).toBe(200);
  return answer.text.trim().split('\n').map((line) => JSON.parse(line) as Receipt);
}

test('every receipt says topic, partition and offset of each message as a consumer read them, and no message lies elsewhere', async () => {
  const all = await receipts(`batchId=${batchId}`);
  expect(all.map((r) => [r.index, r.id])).toEqual(ids.map((id, index) => [index, id]));
  const told = all.flatMap((r) => [{ version: 1, delivery: r.delivery ?? [] }, ...(r.changes ?? [])].flatMap(({ version, delivery }) =>
    delivery.filter((d) => d.state === 'delivered').map((d) => `${d.topic ?? ''} ${d.partition ?? ''} ${d.offset ?? ''} ${r.id ?? ''} ${version}`)));
  const theirs = new Set(ids);
  const read = reader.seen.filter((m) => theirs.has(m.id)).map((m) => `${system.settings.ordersTopic} ${m.partition} ${m.offset} ${m.id} ${m.version}`);
  expect(told.sort()).toEqual(read.sort());
  expect(all.every((r) => (r.delivery ?? []).every((d) => d.state === 'delivered' || (d.state === 'superseded' && d.supersededBy === 2)))).toBe(true);
});

test('such a batch took several sends, and had rejects', async () => {
  const rows = (await query(system.databaseUrl, `select acks from ledger where batch_id = '${batchId}'`)) as { acks: Record<string, unknown> }[];
  const runs = rows.flatMap(({ acks }) => Object.entries(acks).filter(([name, value]) => /^\d+$/.test(name) && Array.isArray(value)));
  expect(runs.length).toBeGreaterThan(0);
  expect(rows.some(({ acks }) => acks.absent !== undefined)).toBe(true);
});

test('the same receipt comes by record; the items of the batch are the same receipts', async () => {
  const [byRecord] = await receipts(`recordId=${ids[0] ?? 0}`);
  expect(await receipts(`batchId=${batchId}&index=0`)).toEqual([byRecord]);
  expect(byRecord?.changes).toHaveLength(2);
  const items = (await send(system.url, 'GET', `/api/v1/batches/${batchId}/items`)).text;
  expect(JSON.parse(items.slice(0, items.indexOf('\n')))).toEqual(byRecord);
});

test('what came with a reference is found by it: batch, single record, changes; the batch echoes it', async () => {
  const mixed = await receipts(`clientReference=${encodeURIComponent('mixed – 1')}`);
  expect([mixed.length, new Set(mixed.map((r) => r.batchId)).size]).toEqual([ITEMS + 1, 2]);
  const fills = await receipts('clientReference=fill');
  expect(fills.length).toBe(ids.filter((id, i) => id !== undefined && i % 5 === 0).length + ids.filter((id, i) => id !== undefined && i % 35 === 0).length);
  expect(fills.every((r) => r.written?.op === 'update' && r.clientReference === 'fill')).toBe(true);
  expect((await send(system.url, 'GET', `/api/v1/batches/${batchId}`)).body).toMatchObject({ batchId, clientReference: 'mixed – 1', law: { items: { holds: true } } });
});

test('a reference goes with every way of writing, also under a key, large, or asynchronous; differing ones are refused', async () => {
  const header = referenceHeader('Zoë');
  const ndjson = await send(system.url, 'POST', '/api/v1/executions/batch', JSON.stringify(execution()), { ...header, 'Content-Type': 'application/x-ndjson' });
  const keyed = await send(system.url, 'POST', '/api/v1/executions', execution(), { ...header, 'Idempotency-Key': 'key-1' });
  const large = await send(system.url, 'POST', '/api/v1/batches/executions', JSON.stringify(execution()), { ...header, 'Content-Type': 'application/x-ndjson' });
  const async = await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()], clientReference: 'Zoë' }, { Prefer: 'respond-async' });
  expect([ndjson.status, keyed.status, large.status, async.status]).toEqual([201, 201, 202, 202]);
  expect(new Set((await receipts(`clientReference=${encodeURIComponent('Zoë')}`)).map((r) => r.batchId)).size).toBe(4);
  const before = await query(system.databaseUrl, 'select count(*) from batch');
  expect(await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()], clientReference: 'a' }, { 'Client-Reference': 'b' })).toMatchObject({ status: 400, body: { code: 'invalid-client-reference' } });
  expect(await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()], clientReference: 7 })).toMatchObject({ status: 400, body: { code: 'invalid-client-reference' } });
  expect(await query(system.databaseUrl, 'select count(*) from batch')).toEqual(before);
});

test('`sluice receipt` draws the time line of an item, and its JSON is the receipt', async () => {
  const ran = await runSluice(['receipt', '--url', system.url, '--batch', batchId, '--index', '0'], {});
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
  expect(ran.out).toMatch(new RegExp(`execution ${ids[0] ?? 0}.*\\n.*accepted[^\\n]*\\n.*written[^\\n]*version 1[^]*version 3`));
  const json = await runSluice(['receipt', '--url', system.url, '--record', String(ids[0]), '--json'], {});
  expect(JSON.parse(json.out)).toEqual((await receipts(`batchId=${batchId}&index=0`))[0]);
  const many = await runSluice(['receipt', '--url', system.url, '--reference', 'mixed – 1', '--json'], {});
  expect(many.out.trim().split('\n')).toHaveLength(ITEMS + 1);
});

test('`sluice receipt` says what is wrong: no selector or two, a batch that is not there', async () => {
  expect(await runSluice(['receipt', '--url', system.url], {})).toMatchObject({ code: 2 });
  expect(await runSluice(['receipt', '--url', system.url, '--batch', batchId, '--record', '1'], {})).toMatchObject({ code: 2 });
  expect(await runSluice(['receipt', '--url', system.url, '--batch', '01930000-0000-7000-8000-0000000000ff'], {})).toMatchObject({ code: 1, err: expect.stringContaining('no batch') as string });
});
