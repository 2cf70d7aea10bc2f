import { listRecords } from '../../../../services/gateway/list/list-records.ts';
import { parseListQuery } from '../../../../services/gateway/list/parse-list-query.ts';
import { recordReader, type RecordReader } from '../../../../services/gateway/list/record-reader.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { connectDatabase, type Database } from '../../../../shared/db/connect.ts';
import { columnsOf } from '../../../../shared/records/columns.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { compileWire } from '../../../../shared/records/wire.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

let own: TestDatabase;
let database: Database;
let reader: RecordReader;

beforeAll(async () => {
  own = await createDatabase();
  database = await connectDatabase(own.url, [execution], readSettings({}).settings, { max: 2, applicationName: 'test' });
  const columns = columnsOf(database.orm, execution);
  reader = recordReader(database.pool, execution, columns, compileWire(execution, columns), 10_000);
  await database.pool.query(`
    insert into execution (id, execution_status, trade_type, destination, security_id, quantity, received_timestamp)
    select id, case when id <= 100000 then 'FULL' else 'NEW' end, 'BUY', case when id <= 100001 then 'NYSE' else 'XNAS' end, repeat('0', 24), id, now() from generate_series(1, 100100) id`);
  await database.pool.query('vacuum analyze execution');
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const list = (query: string) => listRecords(reader, parseListQuery(execution, new URLSearchParams(query), 'reject'));

test('a total is exact up to 100,000, and an estimate that says so beyond', async () => {
  expect((await list('executionStatus=FULL&limit=1')).pagination).toMatchObject({ totalElements: 100_000 });
  expect((await list('executionStatus=FULL&limit=1')).pagination).not.toHaveProperty('totalIsEstimate');
  const { pagination } = await list('destination=NYSE&limit=1');
  expect(pagination.totalIsEstimate).toBe(true);
  expect(pagination.totalElements).toBeGreaterThan(100_000);
  expect((await list('')).pagination.totalIsEstimate).toBe(true);
});

test('an estimate is kept for a while, an exact total is counted each time', async () => {
  const counted: string[] = [];
  const watched: RecordReader = { ...reader, largeTotals: new Map(), run: (statement, values) => (counted.push(statement.name), reader.run(statement, values)) };
  const ask = async (query: string) => (await listRecords(watched, parseListQuery(execution, new URLSearchParams(query), 'reject'))).pagination.totalElements;
  const large = [await ask('destination=NYSE&limit=1'), await ask('destination=NYSE&limit=1')];
  expect(large[0]).toBe(large[1]);
  expect([await ask('destination=XNAS&limit=1'), await ask('destination=XNAS&limit=1')]).toEqual([99, 99]);
  expect(counted.filter((name) => name !== '')).toEqual(['count-execution-destination', 'count-execution-destination', 'count-execution-destination']);
});

test('a sort without an index takes 100,000 matches and refuses one more, naming the way', async () => {
  expect(JSON.parse((await list('executionStatus=FULL&sortBy=-quantity&limit=1')).content)).toMatchObject([{ id: 100_000 }]);
  for (const query of ['destination=NYSE&sortBy=quantity', 'sortBy=quantity']) {
    await expect(list(query)).rejects.toMatchObject({ status: 400, code: 'sort-too-wide', errors: [{ pointer: '?sortBy', message: expect.stringContaining('by id') as string }] });
  }
});

test('a sort with an index takes any number', async () => {
  expect(JSON.parse((await list('sortBy=-executionStatus&limit=1')).content)).toMatchObject([{ id: 100_100 }]);
  expect(JSON.parse((await list('sortBy=destination&offset=99999&limit=1')).content)).toMatchObject([{ id: 100_000 }]);
});

test('the deepest page that is allowed is the right one', async () => {
  const deepest = await list('destination=NYSE&offset=99998&limit=2');
  expect(JSON.parse(deepest.content)).toMatchObject([{ id: 99_999 }, { id: 100_000 }]);
  expect(deepest.pagination).toMatchObject({ totalIsEstimate: true, hasNext: true });
  const last = await list('executionStatus=FULL&offset=99998&limit=2');
  expect(JSON.parse(last.content)).toMatchObject([{ id: 99_999 }, { id: 100_000 }]);
  expect(last.pagination).toMatchObject({ totalElements: 100_000, hasNext: false });
  expect(last.pagination).not.toHaveProperty('totalIsEstimate');
});

test('a list that PostgreSQL does not finish in its time is 503 with Retry-After and names the way', async () => {
  const hurried = await connectDatabase(own.url, [execution], { ...readSettings({}).settings, statementTimeout: 1 }, { max: 1, applicationName: 'test' });
  try {
    const columns = columnsOf(hurried.orm, execution);
    const slow = recordReader(hurried.pool, execution, columns, compileWire(execution, columns), 10_000);
    const asked = listRecords(slow, parseListQuery(execution, new URLSearchParams('destination=NYSE&sortBy=quantity'), 'reject'));
    await expect(asked).rejects.toMatchObject({ status: 503, code: 'list-too-slow', headers: { 'Retry-After': '5' }, message: expect.stringContaining('filter') as string });
  } finally {
    await hurried.close();
  }
});
