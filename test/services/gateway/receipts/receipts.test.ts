import * as handlers from '../../../../services/gateway/receipts/handlers.ts';
import { batchItems } from '../../../../services/gateway/list/batch-items.ts';
import type { ReceiptTools } from '../../../../services/gateway/receipts/read-receipts.ts';
import type { Receipt } from '../../../../services/gateway/receipts/receipt.ts';
import type { RelayView } from '../../../../services/gateway/receipts/why-waiting.ts';
import type { Call } from '../../../../services/gateway/http/call.ts';
import { EVERYBODY } from '../../../../shared/access/caller.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { connectDatabase, type Database } from '../../../../shared/db/connect.ts';
import { partitionOfKey } from '../../../../shared/delivery/murmur2.ts';
import { runStatement } from '../../../../shared/db/run-statement.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

const SINK = 'kafka:orders';
const BATCH = '01930000-0000-7000-8000-00000000000a';
const LETTERS = '01930000-0000-7000-8000-00000000000b';
const CHANGE = '01930000-0000-7000-8000-00000000000c';
const UPDATE_OF_DEAD = '01930000-0000-7000-8000-00000000000d';
const OPEN = '01930000-0000-7000-8000-00000000000e';
const REPLAY = '01930000-0000-7000-8000-0000000000f1';
const NOBODY = '01930000-0000-7000-8000-0000000000ff';
const PARTITIONS = 4;
const partition = (id: number) => partitionOfKey(String(id), PARTITIONS);

let own: TestDatabase;
let database: Database;
let relays: RelayView = new Map();
const tools: ReceiptTools = { run: (statement, values) => runStatement(database.pool, statement, values, 10_000), relays: () => Promise.resolve(relays), events: new Set() };

/** Base offsets of all partitions, and more members. */
const acks = (more: object = {}) => JSON.stringify({ ...Object.fromEntries(Array.from({ length: PARTITIONS }, (_, p) => [p, p * 100])), ...more });
/** A try of a message. */
const TRY = { at: '2026-11-22T10:00:05.000Z', code: 'MESSAGE_TOO_LARGE' };

/**
 * BATCH: 10 items, 1024-1033; index 2 rejected, 1027 superseded by CHANGE, 5 withdrawn behind 0-4 and 6-9 still on the way, 1031 refused once.
 * LETTERS: 5 items, 2048-2052, all dead letters: dead, discarded, delivered by a replay, replaying, superseded.
 * UPDATE_OF_DEAD: version 2 of 2048, waiting. OPEN: 3 items, nothing written yet.
 */
const ROWS = `
insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at, client_reference)
select v.id::uuid, 'execution', 'anonymous', 0, v.state, v.requested, '2026-11-22 10:00:00.123+00', case when v.state = 'closed' then '2026-11-22 10:00:01+00'::timestamptz end, v.reference
from (values ('${BATCH}', 'closed', 10, 'day 1'), ('${LETTERS}', 'closed', 5, null), ('${CHANGE}', 'closed', 1, 'day 1'), ('${UPDATE_OF_DEAD}', 'closed', 1, null), ('${OPEN}', 'open', 3, null)) v(id, state, requested, reference);
insert into sink_topic (sink, topic, partitions) values ('${SINK}', 'orders', ${PARTITIONS});
insert into relay_shard (sink, shard, owner, epoch, until) values ('${SINK}', 1, 'relay-1', 1, now() + interval '1 h'), ('${SINK}', 2, 'relay-1', 1, now() - interval '1 h');
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, at, state, attempts, acks, delivered, superseded, dead, sent_at, next_at, tries, last_error)
values ('${BATCH}', 0, 'insert', '${SINK}', 'execution', 5, 1, 1024, 1, 4, 1, '[[2,"range","/quantity","must be greater than 0."]]', 'writer-1', '2026-11-22 10:00:00.5+00', 'done', 0, '${acks({ absent: [[1026, 1027]] })}', 3, 1, 0, '2026-11-22 10:00:02+00', null, null, null),
       ('${BATCH}', 6, 'insert', '${SINK}', 'execution', 4, 1, 1030, 1, 4, 0, null, 'writer-2', '2026-11-22 10:00:00.6+00', 'waiting', 1, '${JSON.stringify({ [partition(1030)]: [[1030, 1030, 700]], left: [0, 1, 2, 3], refused: [partition(1031)] })}', 1, 0, 0, null, '2026-11-22 11:00:00+00', '{"1031":[${JSON.stringify(TRY)}]}', 'NOT_LEADER'),
       ('${CHANGE}', 0, 'update', '${SINK}', 'execution', 1, 1, 1027, 2, 1, 0, null, 'writer-1', '2026-11-22 10:00:01+00', 'done', 0, '{"${partition(1027)}":55}', 1, 0, 0, '2026-11-22 10:00:03+00', null, null, null),
       ('${LETTERS}', 0, 'insert', '${SINK}', 'execution', 5, 2, 2048, 1, 5, 0, null, 'writer-1', '2026-11-22 10:00:01+00', 'done', 4, '${JSON.stringify({ 0: [0, 1, 2, 3, 4].map((i) => [2048 + i, 2048 + i, -1]), 1: [0, 1, 2, 3, 4].map((i) => [2048 + i, 2048 + i, -1]), 2: [0, 1, 2, 3, 4].map((i) => [2048 + i, 2048 + i, -1]), 3: [0, 1, 2, 3, 4].map((i) => [2048 + i, 2048 + i, -1]) })}', 0, 0, 5, '2026-11-22 10:00:09+00', null, null, 'MESSAGE_TOO_LARGE'),
       ('${UPDATE_OF_DEAD}', 0, 'update', '${SINK}', 'execution', 1, 2, 2048, 2, 1, 0, null, 'writer-1', '2026-11-22 10:00:04+00', 'waiting', 0, null, 0, 0, 0, null, null, null, null),
       ('${REPLAY}', 0, 'replay', '${SINK}', 'execution', 1, 2, 2050, 1, 1, 0, null, 'relay-1', '2026-11-22 10:10:00+00', 'done', 0, '{"${partition(2050)}":900}', 1, 0, 0, '2026-11-22 10:10:01+00', null, null, null),
       ('${REPLAY}', 1, 'replay', '${SINK}', 'execution', 1, 2, 2051, 1, 1, 0, null, 'relay-1', '2026-11-22 10:10:00+00', 'waiting', 0, null, 0, 0, 0, null, null, null, null);
insert into dead_letter (sink, shard, kind, record_id, version, batch_id, first_index, op, topic, partition, payload, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at, state, replays, replay_id, closed_at, closed_by, closed_reason)
select '${SINK}', 2, 'execution', v.id, 1, '${LETTERS}', 0, 'insert', 'orders', 3, '{}', 'MESSAGE_TOO_LARGE', 'message', 'too large', 'f', 4, '[${[TRY, TRY, TRY, TRY].map((t) => JSON.stringify(t)).join(',')}]',
       '2026-11-22 10:00:05+00', '2026-11-22 10:00:09+00', v.state, v.replays, case when v.replays > 0 then '${REPLAY}'::uuid end, case when v.state in ('discarded', 'superseded', 'delivered') then '2026-11-22 10:20:00+00'::timestamptz end, v.who, v.why
from (values (2048, 'dead', 0, null, null), (2049, 'discarded', 0, 'kim', 'a test order'), (2050, 'delivered', 1, null, null), (2051, 'replaying', 1, null, null), (2052, 'superseded', 0, null, null)) v(id, state, replays, who, why)`;

beforeAll(async () => {
  own = await createDatabase();
  database = await connectDatabase(own.url, [execution], readSettings({}).settings, { max: 2, applicationName: 'test' });
  await database.pool.query(ROWS);
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const call = (query: string, accept?: string) => ({ url: new URL(`http://sluice/api/v1/receipts${query}`), caller: EVERYBODY, req: { headers: accept === undefined ? {} : { accept } } }) as unknown as Call;
const ask = async (query: string): Promise<{ content: Receipt[]; next: string | null }> => {
  const answer = await handlers.receipts(tools, ['execution', 'note'], 'reject', call(query));
  return JSON.parse(answer.body as string) as { content: Receipt[]; next: string | null };
};
const one = async (query: string): Promise<Receipt> => {
  const { content, next } = await ask(query);
  expect({ count: content.length, next }).toEqual({ count: 1, next: null });
  return content[0] as Receipt;
};
const delivery = async (query: string) => (await one(query)).delivery?.[0];

test('a delivered item: accepted, written by whom and with which slice, and where its message lies', async () => {
  // Of its partition only 1024 comes before 1028 among those with a message, if at all.
  const rank = [1024, 1025].filter((id) => partition(id) === partition(1028)).length;
  expect(await one(`?batchId=${BATCH}&index=4`)).toEqual({
    index: 4, status: 'SUCCESS', id: 1028, batchId: BATCH, kind: 'execution', clientReference: 'day 1', acceptedAt: '2026-11-22T10:00:00.123Z',
    written: { op: 'insert', version: 1, at: '2026-11-22T10:00:00.500Z', node: 'writer-1', slice: { firstIndex: 0, span: 5 } },
    delivery: [{ sink: SINK, state: 'delivered', topic: 'orders', partition: partition(1028), offset: partition(1028) * 100 + rank, at: '2026-11-22T10:00:02.000Z', attempts: 0 }],
    changes: [],
  });
});

test('a rejected item has its reasons, a withdrawn one says that it is safe to send again, a pending one nothing yet', async () => {
  expect(await one(`?batchId=${BATCH}&index=2`)).toEqual({ index: 2, status: 'FAILED', errors: [{ pointer: '/quantity', code: 'range', message: 'must be greater than 0.' }], batchId: BATCH, kind: 'execution', clientReference: 'day 1', acceptedAt: '2026-11-22T10:00:00.123Z' });
  expect(await one(`?batchId=${BATCH}&index=5`)).toMatchObject({ status: 'FAILED', withdrawn: true, errors: [{ code: 'withdrawn' }] });
  expect(await one(`?batchId=${OPEN}&index=2`)).toEqual({ index: 2, status: 'PENDING', batchId: OPEN, kind: 'execution', clientReference: null, acceptedAt: '2026-11-22T10:00:00.123Z' });
});

test('a superseded message names the version that took its place; each later change has its own delivery, also found by record and by its own batch', async () => {
  const change = { version: 2, batchId: CHANGE, clientReference: 'day 1', at: '2026-11-22T10:00:01.000Z', node: 'writer-1', delivery: [{ sink: SINK, state: 'delivered', topic: 'orders', partition: partition(1027), offset: 55, at: '2026-11-22T10:00:03.000Z', attempts: 0 }] };
  const receipt = await one('?recordId=1027');
  expect(receipt).toMatchObject({ batchId: BATCH, index: 3, id: 1027, delivery: [{ state: 'superseded', supersededBy: 2, offset: null }], changes: [change] });
  expect(await one(`?batchId=${BATCH}&index=3`)).toEqual(receipt);
  expect(await one(`?batchId=${CHANGE}&index=0`)).toMatchObject({ id: 1027, written: { op: 'update', version: 2 }, delivery: change.delivery, changes: [] });
});

test('part of a slice is delivered before the rest; why the others wait is told from the message outwards', async () => {
  relays = new Map();
  expect(await delivery(`?batchId=${BATCH}&index=6`)).toMatchObject({ state: 'delivered', offset: 700, at: null });
  expect(await delivery(`?batchId=${BATCH}&index=7`)).toMatchObject({ state: 'waiting', attempts: 1, tries: [TRY], waiting: { reason: 'retry', code: 'MESSAGE_TOO_LARGE', nextAttemptAt: '2026-11-22T11:00:00.000Z' } });
  expect(await delivery(`?batchId=${BATCH}&index=8`)).toMatchObject({ state: 'waiting', waiting: { reason: 'queued', code: 'NOT_LEADER' } });
  relays = new Map([['relay-1', new Map([[SINK, { why: undefined, restingPartitions: [partition(1032)] }]])]]);
  expect(await delivery(`?batchId=${BATCH}&index=8`)).toMatchObject({ waiting: { reason: 'partition-rests', code: 'NOT_LEADER' } });
  relays = new Map([['relay-1', new Map([[SINK, { why: 'kafka does not answer.', restingPartitions: [] }]])]]);
  expect(await delivery(`?batchId=${BATCH}&index=8`)).toMatchObject({ waiting: { reason: 'sink-away', detail: 'kafka does not answer.' } });
  expect((await one('?recordId=2048')).changes?.[0]?.delivery[0]).toMatchObject({ state: 'waiting', waiting: { reason: 'no-relay' } });
});

test('of events a later one names the dead letter that it waits for', async () => {
  const inEvents = { ...tools, events: new Set(['execution']) };
  const answer = await handlers.receipts(inEvents, ['execution'], 'reject', call('?recordId=2048'));
  const { content } = JSON.parse(answer.body as string) as { content: Receipt[] };
  expect(content[0]?.changes?.[0]?.delivery[0]).toMatchObject({ state: 'waiting', waiting: { reason: 'behind', deadLetter: content[0]?.delivery?.[0]?.deadLetter?.id } });
});

test('dead letters in each of their states, with tries, cause, and replays', async () => {
  const common = { topic: 'orders', partition: 3, tries: [TRY, TRY, TRY, TRY], deadLetter: { code: 'MESSAGE_TOO_LARGE', class: 'message', reason: 'too large', attempts: 4 } };
  expect(await delivery('?recordId=2048')).toMatchObject({ ...common, state: 'dead', offset: null, deadLetter: { state: 'dead', firstFailedAt: '2026-11-22T10:00:05.000Z' } });
  expect(await delivery('?recordId=2049')).toMatchObject({ ...common, state: 'discarded', deadLetter: { closedBy: 'kim', closedReason: 'a test order' } });
  expect(await delivery('?recordId=2050')).toMatchObject({ ...common, state: 'delivered', offset: 900, at: '2026-11-22T10:10:01.000Z', replays: [{ replayId: REPLAY, state: 'delivered', offset: 900 }] });
  expect(await delivery('?recordId=2051')).toMatchObject({ ...common, state: 'waiting', waiting: { reason: 'replaying' }, replays: [{ state: 'waiting', offset: null }] });
  expect(await delivery('?recordId=2052')).toMatchObject({ ...common, state: 'superseded', supersededBy: null });
});

test('a reference finds all that came with it, in order, page by page, without a gap or a repeat', async () => {
  const whole = await ask('?clientReference=day%201');
  expect(whole.content.map((r) => [r.batchId, r.index])).toEqual([...Array.from({ length: 10 }, (_, i) => [BATCH, i]), [CHANGE, 0]]);
  const pages: Receipt[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page = await ask(`?clientReference=day%201&limit=3${next === '' ? '' : `&cursor=${next}`}`);
    expect(page.content.length).toBeLessThanOrEqual(3);
    pages.push(...page.content);
    next = page.next;
  }
  expect(pages).toEqual(whole.content);
});

test('a batch page by page is the same as its items in one stream, and as NDJSON', async () => {
  const first = await ask(`?batchId=${BATCH}&limit=7`);
  const second = await ask(`?batchId=${BATCH}&limit=7&cursor=${first.next ?? ''}`);
  let text = '';
  for await (const piece of (await batchItems(tools, BATCH)) ?? []) text += piece;
  expect(text.trim().split('\n').map((line) => JSON.parse(line) as Receipt)).toEqual([...first.content, ...second.content]);
  const lines = await handlers.receipts(tools, ['execution'], 'reject', call(`?batchId=${BATCH}`, 'application/x-ndjson'));
  let streamed = '';
  for await (const piece of lines.body as AsyncIterable<string>) streamed += piece;
  expect({ type: lines.contentType, streamed }).toEqual({ type: 'application/x-ndjson; charset=utf-8', streamed: text });
});

describe('F22 a query that makes no sense is refused, and says where', () => {
  const refused = (query: string, pointer: string) => expect(ask(query)).rejects.toMatchObject({ status: 400, code: 'invalid-query', errors: expect.arrayContaining([expect.objectContaining({ pointer })]) as unknown });
  test.each([
    ['', '?batchId'], [`?batchId=${BATCH}&recordId=1`, '?recordId'], [`?clientReference=a&batchId=${BATCH}`, '?clientReference'], ['?index=1', '?index'], [`?recordId=1&index=0`, '?index'],
    ['?batchId=7', '?batchId'], [`?batchId=${BATCH}&index=-1`, '?index'], [`?batchId=${BATCH}&index=1.5`, '?index'], [`?batchId=${BATCH}&index=2147483648`, '?index'], [`?batchId=${BATCH}&index=0&index=1`, '?index'],
    ['?recordId=0', '?recordId'], ['?recordId=9007199254740992', '?recordId'], ['?recordId=1&kind=rumour', '?kind'], [`?batchId=${BATCH}&kind=execution`, '?kind'],
    ['?clientReference=', '?clientReference'], ['?clientReference=a%00b', '?clientReference'], [`?clientReference=${'x'.repeat(256)}`, '?clientReference'],
    [`?batchId=${BATCH}&limit=0`, '?limit'], [`?batchId=${BATCH}&limit=1001`, '?limit'], [`?batchId=${BATCH}&index=0&limit=5`, '?limit'],
    [`?batchId=${BATCH}&cursor=x`, '?cursor'], [`?batchId=${BATCH}&cursor=${LETTERS}.0`, '?cursor'], [`?batchId=${BATCH}&colour=red`, '?colour'],
  ])('%s', (query, pointer) => refused(query, pointer));
});

test('what is not there is 404: batch, index, record, the id of a rejected item, a kind without such a record, reference', async () => {
  for (const query of [`?batchId=${NOBODY}`, `?batchId=${NOBODY}&index=0`, `?batchId=${BATCH}&index=10`, `?batchId=${OPEN}&index=3`, '?recordId=99', '?recordId=1026', '?recordId=1029', '?recordId=9007199254740991', '?recordId=1024&kind=note', '?clientReference=nobody']) {
    await expect(ask(query)).rejects.toMatchObject({ status: 404, code: 'not-found' });
  }
  await expect(ask(`?batchId=${BATCH}&index=10`)).rejects.toThrow('10 item(s)');
});
