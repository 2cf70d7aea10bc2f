import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { AnswerWatch } from '../../../../services/batcher/process/answer-watch.ts';
import { ItemStore } from '../../../../services/batcher/process/item-store.ts';
import { ANSWERED_ITEMS } from '../../../../shared/db/queries/items.ts';
import { runStatement } from '../../../../shared/db/run-statement.ts';
import { startEngine, type Engine } from '../../../helpers/engine.ts';

const SINK = 'kafka:items';
const LIMIT_MS = 1;
let engine: Engine;
let store: ItemStore;
let watch: AnswerWatch;
beforeAll(async () => {
  engine = await startEngine();
  const run: ConstructorParameters<typeof ItemStore>[0] = (statement, values) => runStatement(engine.pool, statement, values, 5_000);
  store = new ItemStore(run, 'edge-test');
  watch = new AnswerWatch(run, pino({ level: 'silent' }));
});
afterAll(() => engine.close());

const wait = (batchId: string, index: number, halt = new AbortController().signal) => watch.of({ batchId, index, attempt: 1 }, { sink: SINK, timeLimitMs: LIMIT_MS }, halt);
const sent = (batchId: string, ago: string) => engine.rows(`update ledger set state = 'done', sent_at = now() - $2::interval where batch_id = $1 and op = 'event'`, [batchId, ago]);

async function handOut(count: number): Promise<string> {
  const batchId = randomUUID();
  await engine.open(batchId, count);
  await engine.rows(`insert into large_batch (id, kind, client, state, staged, parallelism, checkpoint_interval, deadline_at) values ($1, 'execution', 'anonymous', 'RUNNING', true, 1, 1, now() + interval '1 h')`, [batchId]);
  await store.take(batchId, Array.from({ length: count }, (_, i) => i));
  for (let index = 0; index < count; index++) expect(await store.handOut({ batchId, index, attempt: 1, kind: 'execution', item: { a: 1 }, sink: SINK, timeLimitMs: LIMIT_MS })).toBe(true);
  return batchId;
}

test('the time limit runs from the moment at which Kafka has the message: what waits for Kafka is not late', async () => {
  const id = await handOut(1);
  const late = wait(id, 0);
  // Handed out longer ago than the limit, by now.
  await engine.rows(`update item set started_at = now() - interval '1 day' where batch_id = $1`, [id]);
  expect(await runStatement(engine.pool, ANSWERED_ITEMS, [[id], [0], [1], [SINK], [LIMIT_MS]], 5_000)).toEqual([]);
  await sent(id, '1 s');
  expect(await late).toBe('late');
});

test('an attempt is handed out once, and only by the batch that is open', async () => {
  const id = await handOut(1);
  const again = { batchId: id, index: 0, attempt: 1, kind: 'execution', item: {}, sink: SINK, timeLimitMs: LIMIT_MS };
  expect(await store.handOut(again)).toBe(false);
  await engine.rows(`update batch set state = 'closed' where id = $1`, [id]);
  await engine.rows(`update item set state = 'waiting' where batch_id = $1`, [id]);
  expect(await store.handOut({ ...again, attempt: 2 })).toBe(false);
  expect(await engine.rows(`select version, key, payload->>'index' as index from ledger where batch_id = $1 and op = 'event'`, [id])).toEqual([{ version: 1, key: `${id}:0`, index: '0' }]);
});

test('all who wait are told: of an answer, of an item that is gone, or that nobody need wait any more', async () => {
  const id = await handOut(3);
  const halt = new AbortController();
  const ends = [wait(id, 0), wait(id, 1), wait(id, 2, halt.signal)];
  await store.finish({ batchId: id, index: 0, attempt: 1 }, { state: 'done', result: {} });
  await engine.rows('delete from item where batch_id = $1 and idx = 1', [id]);
  watch.nudge();
  expect(await ends[0]).toMatchObject({ state: 'done', attempt: 1 });
  expect(await ends[1]).toBe('halted');
  halt.abort();
  expect(await ends[2]).toBe('halted');
});
