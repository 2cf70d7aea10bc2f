import { verifyHandler } from '../../../services/gateway/verify/handler.ts';
import type { Breach, VerifyReport } from '../../../shared/law/report.ts';
import { checkLaw, WHOLE, type VerifiedTable, type VerifyScope } from '../../../shared/law/check-law.ts';
import { firstUuidAt } from '../../../shared/db/ledger-partitions.ts';
import type { Call } from '../../../services/gateway/http/call.ts';
import { chunkOf, executionValues, startEngine, type Engine } from '../../helpers/engine.ts';

const TABLES: VerifiedTable[] = [
  { kind: 'execution', table: 'execution', idColumn: 'id' },
  { kind: 'note', table: 'note', idColumn: 'id' },
];
/** A day apart, by the time in their ids. */
const OLD = firstUuidAt(new Date('2026-11-01T00:00:00Z'));
const NEW = firstUuidAt(new Date('2026-11-02T00:00:00Z'));
const OPEN = firstUuidAt(new Date('2026-11-03T00:00:00Z'));
const CHANGE = firstUuidAt(new Date('2026-11-04T00:00:00Z'));
const DEAD = firstUuidAt(new Date('2026-11-02T12:00:00Z'));
const REPLAY = firstUuidAt(new Date('2026-11-02T13:00:00Z'));

let engine: Engine;
const check = (scope: Partial<VerifyScope> = {}): Promise<VerifyReport> => checkLaw(engine.pool, TABLES, { ...WHOLE, ...scope }, 30_000);

/** OLD: ten items, 2 and 3 refused; seven delivered, one superseded. DEAD: six items, of which two were delivered, and four died: 4099 lies, 4100 was replayed, 4101 is on its way again, 4102 was discarded. NEW: five items of another slice of the same block of ids, waiting. OPEN: two of four are written. CHANGE: a second version of 1025. */
beforeAll(async () => {
  engine = await startEngine();
  const rows = (n: number, from: number) => Array.from({ length: n }, (_, i) => executionValues(from + i));
  const [first, second, , , ...rest] = rows(10, 0);
  await engine.write(chunkOf('execution', [{ batchId: OLD, firstId: 1_024, rows: [first, second, undefined, undefined, ...rest] }]));
  await engine.write(chunkOf('execution', [{ batchId: NEW, firstId: 1_034, rows: rows(5, 20) }]));
  await engine.open(OPEN, 4);
  await engine.write(chunkOf('execution', [{ batchId: OPEN, sole: false, requested: 4, firstIndex: 1, firstId: 2_048, rows: rows(2, 40) }]));
  await engine.rows(`update ledger set state = 'done', delivered = 7, superseded = 1, sent_at = now(), acks = '{"3": 12}' where batch_id = '${OLD}'`);
  await engine.write(chunkOf('execution', [{ batchId: DEAD, firstId: 4_097, rows: rows(6, 60) }]));
  await engine.rows(`update ledger set state = 'done', delivered = 2, dead = 4, sent_at = now(), acks = '{"1": 4, "2": 9}' where batch_id = '${DEAD}'`);
  await plantLetters();
  await engine.rows(`insert into batch (id, kind, client, state, requested, received_at, closed_at) values ('${CHANGE}', 'execution', 'anonymous', 'closed', 1, now(), now())`);
  await engine.rows(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) values ('${CHANGE}', 0, 'update', 'kafka:orders', 'execution', 1, 1, 1025, 2, 1, 0, 'n', 'waiting')`);
  await engine.rows(`update execution set version = 2 where id = 1025`);
});
afterAll(() => engine.close());

/** The four letters of DEAD, and the replay of two of them. */
async function plantLetters(): Promise<void> {
  const letter = (id: number, state: string, replay: string | null, closedBy: string | null) => engine.rows(
    `insert into dead_letter (id, sink, shard, kind, record_id, version, batch_id, first_index, op, payload, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at, state, replay_id, closed_by, closed_reason)
     values ($1, 'kafka:orders', 4, 'execution', $1, 1, $2, 0, 'insert', '{}', 'MESSAGE_TOO_LARGE', 'message', 'too large', 'f', 4, '[]', now(), now(), $3, $4, $5, $5)`, [id, DEAD, state, replay, closedBy]);
  await letter(4_099, 'dead', null, null);
  await letter(4_100, 'delivered', REPLAY, null);
  await letter(4_101, 'replaying', REPLAY, null);
  await letter(4_102, 'discarded', null, 'operator');
  await engine.rows(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, delivered, sent_at, acks)
    values ('${REPLAY}', 0, 'replay', 'kafka:orders', 'execution', 1, 4, 4100, 1, 1, 0, 'n', 'done', 1, now(), '{"1": 30}'), ('${REPLAY}', 1, 'replay', 'kafka:orders', 'execution', 1, 4, 4101, 1, 1, 0, 'n', 'waiting', 0, null, null)`);
}

test('the sums of one snapshot: every accepted item, every row, every delivery that is due', async () => {
  expect(await check()).toEqual({
    holds: true, at: expect.stringMatching(/^20.*Z$/) as string, breaches: [], more: false,
    kinds: {
      execution: {
        holds: true, batches: 5, accepted: 26, written: 22, rejected: 2, withdrawn: 0, pending: 2, inserted: 21, rows: 21, deleted: 0,
        delivery: { 'kafka:orders': { due: 22, delivered: 10, waiting: 9, dead: 1, discarded: 1, superseded: 1 } },
      },
      note: { holds: true, batches: 0, accepted: 0, written: 0, rejected: 0, withdrawn: 0, pending: 0, inserted: 0, rows: 0, deleted: 0, delivery: {} },
    },
  });
});

test('one batch, and those since an instant, are counted alone', async () => {
  expect(await check({ batchId: OLD })).toMatchObject({ holds: true, kinds: { execution: { batches: 1, accepted: 10, inserted: 8, rows: 8, delivery: { 'kafka:orders': { due: 8, waiting: 0 } } } } });
  expect(await check({ fromBatchId: NEW })).toMatchObject({ holds: true, kinds: { execution: { batches: 4, accepted: 16, inserted: 13, rows: 13 } } });
});

test('what a closed batch lacks is withdrawn, and that is no breach', async () => {
  await engine.rows(`update batch set state = 'closed' where id = '${OPEN}'`);
  expect(await check({ batchId: OPEN })).toMatchObject({ holds: true, kinds: { execution: { accepted: 4, written: 2, withdrawn: 2, pending: 0 } } });
  await engine.rows(`update batch set state = 'open' where id = '${OPEN}'`);
});

interface Planted {
  name: string;
  plant: string;
  undo: string;
  breaches: Partial<Breach>[];
}

const copyOf = (from: number, to: number) => `insert into execution select (jsonb_populate_record(e, '{"id": ${to}}')).* from execution e where id = ${from}`;
const PLANTED: Planted[] = [
  {
    name: 'a row deleted', plant: 'create table kept as select * from execution where id = 1028; delete from execution where id = 1028', undo: 'insert into execution select * from kept; drop table kept',
    breaches: [{ what: 'row-missing', where: { kind: 'execution', id: 1028, batchId: OLD }, expected: 1, found: 0 }],
  },
  { name: 'a row doubled, under an id that no slice has', plant: copyOf(1028, 1500), undo: 'delete from execution where id = 1500', breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 1500 }, expected: 0, found: 1 }] },
  { name: 'a row doubled, under an id in a block that no slice has', plant: copyOf(1028, 900_000), undo: 'delete from execution where id = 900000', breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 900_000 } }] },
  { name: 'a row doubled, under the id of a refused item', plant: copyOf(1028, 1026), undo: 'delete from execution where id = 1026', breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 1026 } }] },
  {
    name: 'a row moved, so that the counts agree', plant: 'update execution set id = 1027 where id = 1029', undo: 'update execution set id = 1029 where id = 1027',
    breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 1027 } }, { what: 'row-missing', where: { kind: 'execution', id: 1029, batchId: OLD } }],
  },
  {
    name: 'a ledger row with other counts', plant: `update ledger set written = 7, rejected = 3, delivered = 6 where batch_id = '${OLD}'`, undo: `update ledger set written = 8, rejected = 2, delivered = 7 where batch_id = '${OLD}'`,
    breaches: [{ what: 'rejects-differ', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' }, expected: 3, found: 2 }],
  },
  {
    name: 'a ledger row that counts more delivered than there were', plant: `update ledger set delivered = 9 where batch_id = '${OLD}'`, undo: `update ledger set delivered = 7 where batch_id = '${OLD}'`,
    breaches: [{ what: 'delivery-sum', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' }, expected: 8, found: 10 }],
  },
  ...(['delivered', 'superseded', 'dead'] as const).map((part): Planted => {
    const other = part === 'delivered' ? 'superseded' : 'delivered';
    return {
      name: `a ledger row whose sum is right with ${part} below nothing`, plant: `create table kept as select delivered, superseded, dead from ledger where batch_id = '${OLD}'; update ledger set ${part} = -2, ${other} = ${other} + ${part} + 2 where batch_id = '${OLD}'`,
      undo: `update ledger l set delivered = k.delivered, superseded = k.superseded, dead = k.dead from kept k where batch_id = '${OLD}'; drop table kept`,
      breaches: [{ what: `${part}-negative`, where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' }, expected: 0, found: -2 }],
    };
  }),
  {
    name: 'a ledger row put down as done that is not', plant: `update ledger set state = 'none' where batch_id = '${NEW}'`, undo: `update ledger set state = 'waiting' where batch_id = '${NEW}'`,
    breaches: [{ what: 'delivery-sum', where: { kind: 'execution', batchId: NEW, firstIndex: 0, sink: 'kafka:orders' }, expected: 5, found: 0 }],
  },
  {
    name: 'a ledger row with other ids', plant: `update ledger set first_id = first_id + 1 where batch_id = '${NEW}'`, undo: `update ledger set first_id = first_id - 1 where batch_id = '${NEW}'`,
    breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 1034 } }, { what: 'row-missing', where: { kind: 'execution', id: 1039, batchId: NEW } }],
  },
  {
    name: 'a ledger row deleted', plant: `create table kept as select * from ledger where batch_id = '${NEW}'; delete from ledger where batch_id = '${NEW}'`, undo: 'insert into ledger select * from kept; drop table kept',
    breaches: [1034, 1035, 1036, 1037, 1038].map((id) => ({ what: 'row-unexplained', where: { kind: 'execution', id } })),
  },
  {
    name: 'a slice written twice, under two ranges of ids', plant: `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) values ('${NEW}', 3, 'insert', 'kafka:orders', 'execution', 2, 5, 5120, 1, 2, 0, 'n', 'waiting'); ${copyOf(1037, 5120)}; ${copyOf(1038, 5121)}`,
    undo: `delete from ledger where batch_id = '${NEW}' and first_index = 3; delete from execution where id in (5120, 5121)`,
    breaches: [{ what: 'items-sum', where: { kind: 'execution', batchId: NEW }, expected: 5, found: 7 }, { what: 'slices-overlap', where: { kind: 'execution', batchId: NEW } }],
  },
  {
    name: 'two slices that claim the same ids', plant: `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) values ('${OPEN}', 3, 'insert', 'kafka:orders', 'execution', 1, 1, 2049, 1, 1, 0, 'n', 'waiting')`,
    undo: `delete from ledger where batch_id = '${OPEN}' and first_index = 3`, breaches: [{ what: 'id-claimed-twice', where: { kind: 'execution', id: 2049, batchId: OPEN }, expected: 1, found: 2 }],
  },
  { name: 'a batch that vanished', plant: `create table kept as select * from batch where id = '${NEW}'; delete from batch where id = '${NEW}'`, undo: 'insert into batch select * from kept; drop table kept', breaches: [{ what: 'ledger-without-batch', where: { kind: 'execution', batchId: NEW } }] },
  {
    name: 'a batch that shrank', plant: `update batch set requested = 4 where id = '${NEW}'`, undo: `update batch set requested = 5 where id = '${NEW}'`,
    breaches: [{ what: 'items-sum', where: { kind: 'execution', batchId: NEW }, expected: 4, found: 5 }, { what: 'index-beyond-batch', where: { kind: 'execution', batchId: NEW }, expected: 4, found: 5 }],
  },
  {
    name: 'two sinks told different things of one slice', plant: `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) values ('${NEW}', 0, 'insert', 'kafka:audit', 'execution', 5, 1, 1033, 1, 5, 0, 'n', 'waiting')`,
    undo: `delete from ledger where sink = 'kafka:audit'`, breaches: [{ what: 'sinks-disagree', where: { kind: 'execution', batchId: NEW } }],
  },
  {
    name: 'a span that grew', plant: `update ledger set span = 6, written = 6 where batch_id = '${NEW}'`, undo: `update ledger set span = 5, written = 5 where batch_id = '${NEW}'`,
    breaches: [{ what: 'index-beyond-batch', where: { kind: 'execution', batchId: NEW }, expected: 5, found: 6 }, { what: 'row-missing', where: { kind: 'execution', id: 1039, batchId: NEW } }],
  },
  { name: 'a row under the id of a withdrawn item', plant: copyOf(1028, 2_050), undo: 'delete from execution where id = 2050', breaches: [{ what: 'row-unexplained', where: { kind: 'execution', id: 2_050 }, expected: 0, found: 1 }] },
  {
    name: 'a slice in another shard, where another relay would send it', plant: `update ledger set shard = 9 where batch_id = '${NEW}'`, undo: `update ledger set shard = 1 where batch_id = '${NEW}'`,
    breaches: [{ what: 'shard-differs', where: { kind: 'execution', batchId: NEW, firstIndex: 0, sink: 'kafka:orders' }, expected: 1, found: 9 }],
  },
  {
    name: 'acknowledgements that were lost', plant: `update ledger set acks = '{}' where batch_id = '${OLD}'`, undo: `update ledger set acks = '{"3": 12}' where batch_id = '${OLD}'`,
    breaches: [{ what: 'acks-differ', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' }, expected: 7 }],
  },
  {
    name: 'a finished slice that still has unfinished partitions', plant: `update ledger set acks = '{"3": 12, "left": [4]}' where batch_id = '${OLD}'`, undo: `update ledger set acks = '{"3": 12}' where batch_id = '${OLD}'`,
    breaches: [{ what: 'acks-differ', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' } }],
  },
  {
    name: 'a slice put back to waiting after it was sent', plant: `update ledger set state = 'waiting' where batch_id = '${OLD}'`, undo: `update ledger set state = 'done' where batch_id = '${OLD}'`,
    breaches: [{ what: 'instant-differs', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' } }],
  },
  {
    name: 'delivered turned into superseded', plant: `update ledger set delivered = 5, superseded = 3 where batch_id = '${OLD}'`, undo: `update ledger set delivered = 7, superseded = 1 where batch_id = '${OLD}'`,
    breaches: [{ what: 'superseded-unexplained', where: { kind: 'execution', batchId: OLD, firstIndex: 0, sink: 'kafka:orders' }, expected: 3, found: 1 }],
  },
  { name: 'an update that the record lost', plant: 'update execution set version = 1 where id = 1025', undo: 'update execution set version = 2 where id = 1025', breaches: [{ what: 'version-lost', where: { kind: 'execution', id: 1_025, batchId: CHANGE }, expected: 2, found: 1 }] },
  { name: 'a version that no update made', plant: 'update execution set version = 3 where id = 1025; update execution set version = 2 where id = 1028', undo: 'update execution set version = 2 where id = 1025; update execution set version = 1 where id = 1028',
    breaches: [{ what: 'version-unexplained', where: { kind: 'execution', id: 1_025, batchId: CHANGE }, expected: 2, found: 3 }, { what: 'version-unexplained', where: { kind: 'execution', id: 1_028 }, expected: 1, found: 2 }] },
  {
    name: 'an update gone from the ledger', plant: `update ledger set version = 3 where batch_id = '${CHANGE}'; update execution set version = 3 where id = 1025`, undo: `update ledger set version = 2 where batch_id = '${CHANGE}'; update execution set version = 2 where id = 1025`,
    breaches: [{ what: 'update-missing', where: { kind: 'execution', id: 1_025, batchId: CHANGE }, expected: 2, found: 1 }],
  },
  {
    name: 'a dead letter lost', plant: 'create table kept as select * from dead_letter where id = 4099; delete from dead_letter where id = 4099', undo: 'insert into dead_letter select * from kept; drop table kept',
    breaches: [{ what: 'dead-letters-differ', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders' }, expected: 4, found: 3 }],
  },
  {
    name: 'a dead letter of another record than its slice has', plant: 'update dead_letter set record_id = 1030 where id = 4099', undo: 'update dead_letter set record_id = 4099 where id = 4099',
    breaches: [{ what: 'dead-letter-unexplained', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders', id: 1_030, deadLetter: 4_099 } }],
  },
  {
    name: 'a dead letter under a batch that has none', plant: `update dead_letter set batch_id = '${NEW}' where id = 4099`, undo: `update dead_letter set batch_id = '${DEAD}' where id = 4099`,
    breaches: [{ what: 'dead-letters-differ', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders' } }, { what: 'dead-letters-differ', where: { kind: 'execution', batchId: NEW, firstIndex: 0, sink: 'kafka:orders' }, expected: 0, found: 1 }],
  },
  {
    name: 'a dead letter called delivered that nobody sent', plant: `update dead_letter set state = 'delivered' where id = 4099`, undo: `update dead_letter set state = 'dead' where id = 4099`,
    breaches: [{ what: 'replay-unfinished', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders', id: 4_099, deadLetter: 4_099 } }],
  },
  {
    name: 'a dead letter called superseded with no later version', plant: `update dead_letter set state = 'superseded' where id = 4099`, undo: `update dead_letter set state = 'dead' where id = 4099`,
    breaches: [{ what: 'superseded-unexplained', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders', id: 4_099, deadLetter: 4_099 } }],
  },
  {
    name: 'a dead letter discarded by nobody', plant: `update dead_letter set state = 'discarded' where id = 4099`, undo: `update dead_letter set state = 'dead' where id = 4099`,
    breaches: [{ what: 'discard-unsigned', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders', id: 4_099, deadLetter: 4_099 } }],
  },
  {
    name: 'a replay that lost its row', plant: `create table kept as select * from ledger where batch_id = '${REPLAY}' and first_index = 1; delete from ledger where batch_id = '${REPLAY}' and first_index = 1`, undo: 'insert into ledger select * from kept; drop table kept',
    breaches: [{ what: 'replay-missing', where: { kind: 'execution', batchId: DEAD, firstIndex: 0, sink: 'kafka:orders', id: 4_101, deadLetter: 4_101 } }],
  },
  {
    name: 'a replay under way whose letter is called dead', plant: `update dead_letter set state = 'dead' where id = 4101`, undo: `update dead_letter set state = 'replaying' where id = 4101`,
    breaches: [{ what: 'replay-unexplained', where: { kind: 'execution', batchId: REPLAY, firstIndex: 1, sink: 'kafka:orders', id: 4_101 } }],
  },
];

test.each(PLANTED)('$name: found, named with its place, and gone when it is mended', async ({ plant, undo, breaches }) => {
  await engine.rows(plant);
  const broken = await check().finally(() => engine.rows(undo));
  expect(broken.holds).toBe(false);
  expect(broken.kinds.execution?.holds).toBe(false);
  expect(broken.breaches).toEqual(expect.arrayContaining(breaches.map((b) => expect.objectContaining(b) as Breach)));
  expect((await check()).breaches).toEqual([]);
});

test('a row lost is seen by the check of its batch alone, and not by that of another', async () => {
  await engine.rows('create table kept as select * from execution where id = 1028; delete from execution where id = 1028');
  const own = await check({ batchId: OLD });
  const other = await check({ batchId: NEW });
  await engine.rows('insert into execution select * from kept; drop table kept');
  expect(own.breaches).toEqual([{ what: 'row-missing', where: { kind: 'execution', id: 1028, batchId: OLD }, expected: 1, found: 0 }]);
  expect(other.holds).toBe(true);
});

test('of very many breaches a hundred are named, and it says that there are more', async () => {
  await engine.rows(`insert into execution select (jsonb_populate_record(e, jsonb_build_object('id', 500000 + n))).* from execution e, generate_series(1, 2000) n where id = 1028`);
  const report = await check();
  await engine.rows('delete from execution where id > 500000');
  expect(report.breaches).toHaveLength(100);
  expect(report.more).toBe(true);
});

describe('over HTTP', () => {
  const handler = () => verifyHandler({ pool: engine.pool, tables: TABLES, timeoutMs: 10_000, unknownQuery: 'reject' });
  const call = (query: string) => ({ url: new URL(`http://sluice/api/v1/verify${query}`), params: {} }) as unknown as Call;

  test('answers the report, for all or for the scope that is asked for', async () => {
    const answer = await handler()(call(`?batch=${OLD.toUpperCase()}&since=2026-10-31`));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body as string)).toMatchObject({ holds: true, kinds: { execution: { batches: 1 } } });
    expect(JSON.parse((await handler()(call('?since=2026-11-02T01:00:00%2B01:00'))).body as string)).toMatchObject({ kinds: { execution: { batches: 4 } } });
  });

  test('no UUID, no time, and parameters that are not known are 400', async () => {
    for (const query of ['?batch=7', '?since=yesterday', '?since=2026-13-45', '?colour=red']) await expect(handler()(call(query))).rejects.toMatchObject({ status: 400, code: 'invalid-query' });
  });

  test('a second check beside one that runs is told to come again', async () => {
    const one = handler();
    const first = one(call(''));
    await expect(one(call(''))).rejects.toMatchObject({ status: 503, code: 'verify-running' });
    await first;
    expect((await one(call(''))).status).toBe(200);
  });
});
