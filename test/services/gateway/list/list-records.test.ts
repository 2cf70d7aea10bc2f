import { choosePage } from '../../../../services/gateway/list/choose-page.ts';
import { listRecords } from '../../../../services/gateway/list/list-records.ts';
import { parseListQuery } from '../../../../services/gateway/list/parse-list-query.ts';
import { getRecord, getRecords, recordReader, type RecordReader } from '../../../../services/gateway/list/record-reader.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { connectDatabase, type Database } from '../../../../shared/db/connect.ts';
import { columnsOf } from '../../../../shared/records/columns.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { compileWire } from '../../../../shared/records/wire.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

let own: TestDatabase;
let database: Database;
let reader: RecordReader;

interface Row {
  id: number;
  executionStatus: string;
  tradeType: string;
  destination: string;
  securityId: string;
  quantity: number;
  limitPrice: number | null;
  sentTimestamp: string | null;
  tradeServiceExecutionId: number | null;
}

/** 600 records in three slices of the ledger; the second has not been acknowledged, ids 2501 to 3071 were never written. */
const RECORDS = `
insert into execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
select id, (array['NEW','FULL','PART'])[1 + id % 3], (array['BUY','SELL'])[1 + id % 2], case when id % 100 = 0 then 'RARE' else 'NYSE' end, lpad((id % 7)::text, 24, '0'),
       (id * 7919) % 1000 + 0.5, case when id % 5 = 0 then null else id % 11 end, '2026-11-22T10:00:00.123Z', case when id % 50 = 0 then 7 end
from (select generate_series(1024, 1223) union all select generate_series(2301, 2500) union all select generate_series(3072, 3271)) as s(id)`;
const LEDGER = `
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, sent_at)
values ('01930000-0000-7000-8000-000000000001', 0, 'insert', 'kafka:orders', 'execution', 200, 1, 1024, 1, 200, 0, 'n', 'done', '2026-11-22 10:00:01.5+00'),
       ('01930000-0000-7000-8000-000000000001', 200, 'insert', 'kafka:orders', 'execution', 200, 2, 2301, 1, 200, 0, 'n', 'waiting', null),
       ('01930000-0000-7000-8000-000000000001', 400, 'insert', 'kafka:orders', 'execution', 100, 3, 3072, 1, 100, 0, 'n', 'done', '2026-11-22 10:00:02+00'),
       ('01930000-0000-7000-8000-000000000002', 0, 'update', 'kafka:orders', 'execution', 1, 3, 2301, 2, 1, 0, 'n', 'done', '2026-11-22 11:00:00+00')`;

beforeAll(async () => {
  own = await createDatabase();
  database = await connectDatabase(own.url, [execution], readSettings({}).settings, { max: 2, applicationName: 'test' });
  const columns = columnsOf(database.orm, execution);
  reader = recordReader(database.pool, execution, columns, compileWire(execution, columns), 10_000);
  await database.pool.query(RECORDS);
  await database.pool.query(LEDGER);
  await database.pool.query('analyze execution');
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

async function list(query: string) {
  const { content, pagination } = await listRecords(reader, parseListQuery(execution, new URLSearchParams(query), 'ignore'));
  return { rows: JSON.parse(content) as Row[], pagination };
}
const all = async () => (await database.pool.query<{ text: string }>('select id::text as text from execution order by id')).rows.map((row) => Number(row.text));
/** All pages of a list, one after the other. */
async function walk(query: string, limit = 70): Promise<Row[]> {
  const rows: Row[] = [];
  for (let offset = 0; ; offset += limit) {
    const page = await list(`${query}&offset=${offset}&limit=${limit}`);
    rows.push(...page.rows);
    if (!page.pagination.hasNext) return rows;
  }
}

test('the first page is the first fifty by id, with an exact total', async () => {
  const { rows, pagination } = await list('');
  expect(rows.map((r) => r.id)).toEqual((await all()).slice(0, 50));
  expect(pagination).toEqual({ offset: 0, limit: 50, pageSize: 50, totalElements: 600, totalPages: 12, currentPage: 0, hasNext: true, hasPrevious: false });
});

test('F25 an offset that is no multiple of the limit is kept', async () => {
  const { rows, pagination } = await list('offset=33&limit=10&sortBy=-id');
  expect(rows.map((r) => r.id)).toEqual((await all()).reverse().slice(33, 43));
  expect(pagination).toMatchObject({ offset: 33, currentPage: 3, hasPrevious: true });
});

test('a page beyond the end is empty, and the total is still right', async () => {
  const full = (await all()).filter((id) => id % 3 === 1).length;
  expect(await list('executionStatus=FULL&offset=5000')).toMatchObject({ rows: [], pagination: { totalElements: full, hasNext: false, hasPrevious: true } });
});

test.each<[string, (row: Row) => boolean]>([
  ['executionStatus=FULL', (r) => r.executionStatus === 'FULL'],
  ['executionStatus=FULL,NEW', (r) => r.executionStatus !== 'PART'],
  ['tradeType=BUY', (r) => r.tradeType === 'BUY'],
  ['destination=RARE', (r) => r.destination === 'RARE'],
  ['securityId=000000000000000000000003', (r) => r.securityId.endsWith('3')],
  ['tradeServiceExecutionId=7', (r) => r.tradeServiceExecutionId === 7],
  ['tradeServiceExecutionId=4000000000', () => false],
  ['id=1024,3271,5', (r) => r.id === 1024 || r.id === 3271],
  ['executionStatus=NEW&tradeType=BUY', (r) => r.executionStatus === 'NEW' && r.tradeType === 'BUY'],
  ['executionStatus=NEW,PART&destination=RARE&tradeType=BUY', (r) => r.executionStatus !== 'FULL' && r.destination === 'RARE' && r.tradeType === 'BUY'],
])('filter %s gives exactly its matches by id, page after page', async (query, matches) => {
  const everything = await walk('');
  expect((await walk(query)).map((r) => r.id)).toEqual(everything.filter(matches).map((r) => r.id));
  expect((await list(query)).pagination.totalElements).toBe(everything.filter(matches).length);
  expect((await walk(`${query}&sortBy=-id`)).map((r) => r.id)).toEqual(everything.filter(matches).map((r) => r.id).reverse());
});

test('F22 a filter whose every value is unknown matches nothing', async () => {
  expect(await list('executionStatus=GONE')).toMatchObject({ rows: [], pagination: { totalElements: 0, totalPages: 0, hasNext: false } });
});

test.each(['executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'receivedTimestamp', 'sentTimestamp'] as const)(
  'F25 sort by %s gives every record once, ties by id, and the reverse descending',
  async (name) => {
    const key = (row: Row) => (row as unknown as Record<string, string | number | null>)[name] ?? null;
    const compare = (a: Row, b: Row) => {
      const [x, y] = [key(a), key(b)];
      if (x === y) return a.id - b.id;
      if (x === null || y === null) return x === null ? 1 : -1;
      return x < y ? -1 : 1;
    };
    const expected = (await walk('')).sort(compare).map((r) => r.id);
    expect((await walk(`sortBy=${name}`)).map((r) => r.id)).toEqual(expected);
    expect((await walk(`sortBy=-${name}`)).map((r) => r.id)).toEqual([...expected].reverse());
  },
);

test('a sort of several fields, one descending, with a filter', async () => {
  const rows = await walk('sortBy=tradeType,-quantity&executionStatus=NEW');
  const expected = (await walk('executionStatus=NEW')).sort((a, b) => a.tradeType.localeCompare(b.tradeType) || b.quantity - a.quantity || a.id - b.id);
  expect(rows.map((r) => r.id)).toEqual(expected.map((r) => r.id));
});

test('F21 sentTimestamp is the acknowledgement of the insert, null for what waits and for ids that no slice covers', async () => {
  const sent = new Map((await walk('')).map((r) => [r.id, r.sentTimestamp]));
  expect([1024, 1223, 2301, 2500, 3171, 3172].map((id) => sent.get(id))).toEqual(['2026-11-22T10:00:01.500Z', '2026-11-22T10:00:01.500Z', null, null, '2026-11-22T10:00:02.000Z', null]);
});

test('one record, and many by id, are the text that the wire writes', async () => {
  const text = await getRecord(reader, 1025);
  expect(text).toContain('"quantity":975.50000000,"limitPrice":null,"receivedTimestamp":"2026-11-22T10:00:00.123Z","sentTimestamp":"2026-11-22T10:00:01.500Z"');
  expect(await getRecord(reader, 5)).toBeUndefined();
  const many = await getRecords(reader, [1025, 5, 3000, 1024]);
  expect([...many.keys()].sort()).toEqual([1024, 1025]);
  expect(many.get(1025)).toBe(text);
});

test('F22 a filter whose values many records have reads its own index, where other filters stand beside it too', async () => {
  const { table } = reader;
  const filters = [{ property: 'executionStatus', values: ['NEW'] }, { property: 'destination', values: ['NYSE'] }];
  const plan = choosePage(table, filters, [], false, 'destination');
  const ids = (await reader.records(plan.statement, [3, 20, ...plan.values])).map((row) => row.id);
  const expected = (await walk('executionStatus=NEW')).filter((r) => r.destination === 'NYSE').slice(3, 23);
  expect(ids).toEqual(expected.map((r) => r.id));
});

test('the pages of one filter never walk the primary key, whatever the planner believes of the value', async () => {
  const { statement, values } = choosePage(reader.table, [{ property: 'executionStatus', values: ['FULL'] }], [], false);
  const client = await database.pool.connect();
  try {
    await client.query('set plan_cache_mode = force_generic_plan; set enable_sort = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${statement.text.replace('$1', '0').replace('$2', '50').replace('$3', "'{FULL}'")}`);
    expect(values).toEqual([['FULL']]);
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('execution_status_id');
  } finally {
    client.release(true);
  }
});
