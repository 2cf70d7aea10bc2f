import { batchItems, type ItemStatus } from '../../../../services/gateway/list/batch-items.ts';
import type { ReceiptTools } from '../../../../services/gateway/receipts/read-receipts.ts';
import { batchStatus } from '../../../../services/gateway/list/batch-status.ts';
import * as handlers from '../../../../services/gateway/list/handlers.ts';
import type { Call } from '../../../../services/gateway/http/call.ts';
import { EVERYBODY } from '../../../../shared/access/caller.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { connectDatabase, type Database } from '../../../../shared/db/connect.ts';
import type { NamedStatement } from '../../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../../shared/db/run-statement.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

const CLOSED = '01930000-0000-7000-8000-00000000000a';
const OPEN = '01930000-0000-7000-8000-00000000000b';
const CHANGE = '01930000-0000-7000-8000-00000000000c';
const LONG = '01930000-0000-7000-8000-00000000000d';
const NOBODY = '01930000-0000-7000-8000-0000000000ff';

let own: TestDatabase;
let database: Database;
const run = (statement: NamedStatement, values: unknown[]) => runStatement(database.pool, statement, values, 10_000);
const tools: ReceiptTools = { run, relays: () => Promise.resolve(new Map()), events: new Set() };
/** What both handlers take. */
const either = Object.assign(run.bind(null), tools);

/** A closed batch of 10: 0-4 in a slice with 2 refused, 5-6 never written, 7-9 in a slice; two sinks, one of them half done. */
const ROWS = `
insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at)
select v.id::uuid, 'execution', 'anonymous', 0, v.state, v.requested, '2026-11-22 10:00:00.123+00', case when v.state = 'closed' then '2026-11-22 10:00:01+00'::timestamptz end
from (values ('${CLOSED}', 'closed', 10), ('${OPEN}', 'open', 4), ('${CHANGE}', 'closed', 1), ('${LONG}', 'closed', 5000)) v(id, state, requested);
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, state, delivered, superseded)
values ('${CLOSED}', 0, 'insert', 'kafka:orders', 'execution', 5, 1, 1024, 1, 4, 1, '[[2,"range","/quantity","must be greater than 0."],[2,"enum","/tradeType","must be one of BUY."]]', 'n', 'done', 3, 1),
       ('${CLOSED}', 0, 'insert', 'kafka:audit', 'execution', 5, 1, 1024, 1, 4, 1, '[[2,"range","/quantity","must be greater than 0."],[2,"enum","/tradeType","must be one of BUY."]]', 'n', 'waiting', 1, 0),
       ('${CLOSED}', 7, 'insert', 'kafka:orders', 'execution', 3, 1, 1031, 1, 3, 0, null, 'n', 'waiting', 2, 0),
       ('${CLOSED}', 7, 'insert', 'kafka:audit', 'execution', 3, 1, 1031, 1, 3, 0, null, 'n', 'done', 3, 0),
       ('${OPEN}', 0, 'insert', 'kafka:orders', 'execution', 2, 1, 2048, 1, 2, 0, null, 'n', 'waiting', 0, 0),
       ('${CHANGE}', 0, 'update', 'kafka:orders', 'execution', 1, 1, 1024, 2, 1, 0, null, 'n', 'done', 1, 0);
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, delivered)
select '${LONG}', i * 50, 'insert', 'kafka:orders', 'execution', 50, 1, 10240 + i * 1024, 1, 50, 0, 'n', 'done', 50 from generate_series(0, 99) i where i <> 60`;

beforeAll(async () => {
  own = await createDatabase();
  database = await connectDatabase(own.url, [execution], readSettings({}).settings, { max: 2, applicationName: 'test' });
  await database.pool.query(ROWS);
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** The members that tell what became of the item; where it went from there is the business of receipts.test.ts. */
function itsOutcome({ index, status, id, errors, withdrawn }: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries({ index, status, id, errors, withdrawn }).filter(([, value]) => value !== undefined));
}

async function receipts(batchId: string, only?: ItemStatus): Promise<unknown[]> {
  const pieces = await batchItems(tools, batchId, only);
  if (pieces === undefined) throw new Error('no such batch');
  let text = '';
  for await (const piece of pieces) text += piece;
  return text.split('\n').filter((line) => line !== '').map((line) => itsOutcome(JSON.parse(line) as Record<string, unknown>));
}

test('a closed batch counts each item once however many sinks it has; what the ledger lacks was withdrawn', async () => {
  expect(await batchStatus(run, CLOSED)).toEqual({
    batchId: CLOSED, kind: 'execution', clientReference: null, state: 'closed', receivedAt: '2026-11-22T10:00:00.123Z', closedAt: '2026-11-22T10:00:01.000Z',
    accepted: 10, written: 7, rejected: 1, withdrawn: 2, pending: 0,
    delivery: {
      'kafka:audit': { due: 7, delivered: 4, waiting: 3, dead: 0, discarded: 0, superseded: 0 },
      'kafka:orders': { due: 7, delivered: 5, waiting: 1, dead: 0, discarded: 0, superseded: 1 },
    },
    law: {
      items: { expected: 10, found: 10, holds: true },
      delivery: { 'kafka:audit': { expected: 7, found: 7, holds: true }, 'kafka:orders': { expected: 7, found: 7, holds: true } },
    },
  });
});

test('what an open batch lacks is pending', async () => {
  expect(await batchStatus(run, OPEN)).toMatchObject({ state: 'open', closedAt: null, accepted: 4, written: 2, withdrawn: 0, pending: 2, law: { items: { holds: true } } });
});

test('a change is a batch of one', async () => {
  expect(await batchStatus(run, CHANGE)).toMatchObject({ accepted: 1, written: 1, delivery: { 'kafka:orders': { due: 1, delivered: 1 } }, law: { items: { holds: true } } });
  expect(await receipts(CHANGE)).toEqual([{ index: 0, status: 'SUCCESS', id: 1024 }]);
});

test('a broken law is said, not smoothed over', async () => {
  const client = await database.pool.connect();
  try {
    await client.query(`begin; update ledger set state = 'done' where batch_id = '${OPEN}'; update batch set requested = 1 where id = '${OPEN}'`);
    const inside = async (statement: NamedStatement, values: unknown[]) => (await client.query<unknown[]>({ text: statement.text, values, rowMode: 'array' })).rows;
    expect((await batchStatus(inside, OPEN))?.law).toEqual({ items: { expected: 1, found: 2, holds: false }, delivery: { 'kafka:orders': { expected: 2, found: 0, holds: false } } });
  } finally {
    await client.query('rollback');
    client.release();
  }
});

test('F3 each item has one receipt at its index: id, faults, withdrawn', async () => {
  const withdrawn = (index: number) => ({ index, status: 'FAILED', withdrawn: true, errors: [{ pointer: '', code: 'withdrawn', message: expect.stringContaining('Safe to send again') as string }] });
  expect(await receipts(CLOSED)).toEqual([
    { index: 0, status: 'SUCCESS', id: 1024 },
    { index: 1, status: 'SUCCESS', id: 1025 },
    { index: 2, status: 'FAILED', errors: [{ pointer: '/quantity', code: 'range', message: 'must be greater than 0.' }, { pointer: '/tradeType', code: 'enum', message: 'must be one of BUY.' }] },
    { index: 3, status: 'SUCCESS', id: 1027 },
    { index: 4, status: 'SUCCESS', id: 1028 },
    withdrawn(5),
    withdrawn(6),
    { index: 7, status: 'SUCCESS', id: 1031 },
    { index: 8, status: 'SUCCESS', id: 1032 },
    { index: 9, status: 'SUCCESS', id: 1033 },
  ]);
});

test('F17 what an open batch lacks is PENDING, not failed', async () => {
  expect(await receipts(OPEN, 'PENDING')).toEqual([{ index: 2, status: 'PENDING' }, { index: 3, status: 'PENDING' }]);
  expect(await receipts(OPEN, 'FAILED')).toEqual([]);
});

test('a batch of more slices than are read at a time is told whole, in order, with its gap', async () => {
  const all = (await receipts(LONG)) as { index: number; status: string; id?: number }[];
  expect(all.map((r) => r.index)).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  expect(all.filter((r) => r.status === 'FAILED').map((r) => r.index)).toEqual(Array.from({ length: 50 }, (_, i) => 3_000 + i));
  expect(all[4_999]?.id).toBe(10_240 + 99 * 1_024 + 49);
});

const call = (id: string, query = '') => ({ url: new URL(`http://sluice/x${query}`), params: { id }, caller: EVERYBODY, req: { headers: {} } }) as unknown as Call;

test('no UUID is 400, an unknown batch 404, an unknown status or parameter 400', async () => {
  for (const handler of [handlers.batch, handlers.items]) {
    await expect(handler(either, 'reject', call('7'))).rejects.toMatchObject({ status: 400, code: 'invalid-id' });
    await expect(handler(either, 'reject', call(NOBODY))).rejects.toMatchObject({ status: 404, code: 'not-found' });
    await expect(handler(either, 'reject', call(CLOSED, '?colour=red'))).rejects.toMatchObject({ status: 400, errors: [{ pointer: '?colour', code: 'unknown-parameter' }] });
  }
  await expect(handlers.items(tools, 'reject', call(CLOSED, '?status=GOOD'))).rejects.toMatchObject({ status: 400, errors: [{ pointer: '?status', message: expect.stringContaining('PENDING') as string }] });
});

test('with unknownQuery=ignore an unknown parameter is named in the header', async () => {
  expect(await handlers.batch(run, 'ignore', call(CLOSED.toUpperCase(), '?colour=red'))).toMatchObject({ status: 200, headers: { 'Sluice-Ignored': 'colour' } });
});
