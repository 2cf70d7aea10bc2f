import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { TAKE_DUE } from '../../../../shared/db/queries/relay-take.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

const SINK = 'kafka:orders';

let temporary: TestDatabase;
const clients: pg.Client[] = [];
const connect = async () => {
  const client = new pg.Client({ connectionString: temporary.url });
  clients.push(client);
  await client.connect();
  return client;
};
beforeAll(async () => {
  temporary = await createDatabase();
});
afterAll(async () => {
  for (const client of clients) await client.end();
  await temporary.drop();
});

const add = (client: pg.Client, rows: number, state = 'waiting') =>
  client.query(
    `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state)
     select $1, n * 10, 'insert', $2, 'execution', 10, 3, 1 + n * 1024, 1, 10, 0, 'writer', $4 from generate_series(0, $3 - 1) n`,
    [uuidv7(), SINK, rows, state],
  );
const due = async (client: pg.Client) => (await client.query<{ id: string }>(TAKE_DUE.text, [SINK, [3], '[]', 1_000, 30_000, 1_000, []])).rows.map((row) => Number(row.id));

test('F37 a row that is committed after one with a higher id is taken all the same: the relay asks for what is not sent, not for what is newer', async () => {
  const [slow, quick, relay] = [await connect(), await connect(), await connect()];
  await slow.query('begin');
  await add(slow, 1);
  await add(quick, 1);
  const first = await due(relay);
  expect(first).toHaveLength(1);
  await slow.query('commit');
  const both = await due(relay);
  expect(both).toHaveLength(2);
  expect(both[0]).toBeLessThan(first[0] as number);
});

test('F38 what is sent costs the take nothing, also while an old snapshot keeps every dead row: it reads what waits by an index, and nothing else', async () => {
  const [holder, relay] = [await connect(), await connect()];
  await holder.query('begin isolation level repeatable read; select 1 from ledger limit 1');
  for (let i = 0; i < 5; i++) await add(relay, 4_000, 'waiting');
  await relay.query(`update ledger set state = 'done' where sink = $1`, [SINK]);
  await add(relay, 20);
  await relay.query('analyze ledger');
  const { rows } = await relay.query<{ 'QUERY PLAN': { Plan: object }[] }>(`explain (analyze, buffers, format json) ${TAKE_DUE.text}`, [SINK, [3], '[]', 1_000, 30_000, 1_000, []]);
  const scans = nodesOf(rows[0]?.['QUERY PLAN'][0]?.Plan as PlanNode).filter((node) => node['Relation Name']?.startsWith('ledger') === true);
  const filtered = scans.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops'], 0);
  expect(filtered).toBeLessThan(100);
  await holder.query('rollback');
});

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Rows Removed by Filter'?: number;
  'Actual Loops': number;
  Plans?: PlanNode[];
}
const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
