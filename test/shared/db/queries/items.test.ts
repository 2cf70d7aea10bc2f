import { ANSWERED_ITEMS, FINISH_ITEMS, HAND_OUT_ITEMS, READ_ITEMS, START_ITEMS, TAKE_ITEMS } from '../../../../shared/db/queries/items.ts';
import { END_BY_ANSWER, MET_BY_ANSWER } from '../../../../shared/db/queries/item-answers.ts';
import { recordsById } from '../../../../shared/db/queries/relay-records.ts';
import { columnsOf } from '../../../../shared/records/columns.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { startEngine, type Engine } from '../../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // Items that failed are kept for a month, and executions for good; nothing has been analyzed yet.
  await engine.rows(`insert into item (batch_id, idx, state, attempt, input) select md5((i / 1000)::text)::uuid, i % 1000, 'failed', 4, '{"executionId": 1}' from generate_series(0, 19999) i`);
  await engine.rows(`insert into execution (id, execution_status, trade_type, destination, security_id, quantity, received_timestamp) select i, 'NEW', 'BUY', 'ML', 'ABCDEFGHIJKLMNOPQRSTUVWX', 1, now() from generate_series(1, 20000) i`);
});
afterAll(() => engine.close());

const readRecords = () => recordsById('execution', columnsOf(engine.database.orm, execution), execution);

test.each([
  ['item', 'taking', () => TAKE_ITEMS], ['item', 'starting', () => START_ITEMS], ['item', 'ending', () => FINISH_ITEMS], ['item', 'handing out', () => HAND_OUT_ITEMS], ['item', 'looking for answers', () => ANSWERED_ITEMS],
  ['item', 'reading', () => READ_ITEMS], ['item', 'meeting an answer', () => MET_BY_ANSWER], ['item', 'ending by an answer', () => END_BY_ANSWER], ['execution', 'a step\'s reading of records', readRecords],
])('a few rows of the table %s are found by their key, however many others there are: %s', async (table, _, statementOf) => {
  const { name, text } = statementOf();
  const plan = (await engine.rows<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${text}`)).map((r) => r['QUERY PLAN']).join('\n');
  expect(plan).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
  expect(plan).not.toMatch(new RegExp(`Seq Scan on ${table}\\b`));
  // A name would keep the plan that was right when the table was empty.
  expect(name).toBe('');
});
