import { randomUUID } from 'node:crypto';
import type { BoundStep } from '../../../../services/batcher/process/carry-items.ts';
import { completeItem } from '../../../../services/batcher/process/complete-item.ts';
import { ItemStore } from '../../../../services/batcher/process/item-store.ts';
import type { Made } from '../../../../shared/batches/end-attempt.ts';
import { runStatement } from '../../../../shared/db/run-statement.ts';
import { compileItemCheck } from '../../../../shared/records/validate-item.ts';
import { startEngine, type Engine } from '../../../helpers/engine.ts';
import chore from '../../../helpers/kinds/chore.kind.ts';

let engine: Engine;
let store: ItemStore;
beforeAll(async () => {
  engine = await startEngine();
  store = new ItemStore((statement, values) => runStatement(engine.pool, statement, values, 5_000));
});
afterAll(() => engine.close());

const step = { record: chore, checkResult: compileItemCheck(chore.process?.result ?? {}, []) } as unknown as BoundStep;
const complete = (batchId: string, attempt: number, made: Made) => completeItem({ store, step, retries: 1, random: () => 0 }, { batchId, index: 3, attempt }, made, { label: 'a' });
const good: Made = { result: { label: 'a', attempts: 1 } };
const bad: Made = { category: 'RESOURCE_ERROR', error: 'away' };
const rowOf = async (batchId: string) => (await engine.rows('select state, attempt, category, result, input from item where batch_id = $1', [batchId]))[0];

test('an attempt is ended once: a repeat, and an answer to another attempt, change nothing', async () => {
  const id = randomUUID();
  await store.take(id, [3]);
  expect(await complete(id, 2, good)).toBeUndefined();
  expect(await complete(id, 1, bad)).toEqual({ state: 'waiting', pauseMs: 20, category: 'RESOURCE_ERROR', error: 'away' });
  expect(await complete(id, 1, good)).toBeUndefined();
  expect(await complete(id, 2, good)).toMatchObject({ state: 'done' });
  expect(await complete(id, 2, bad)).toBeUndefined();
  expect(await rowOf(id)).toEqual({ state: 'done', attempt: 2, category: null, result: { label: 'a', attempts: 1 }, input: null });
});

test('after the last try, or with an answer that is no row of the kind, the item has failed, and is kept', async () => {
  const id = randomUUID();
  await store.take(id, [3]);
  await complete(id, 1, bad);
  expect(await complete(id, 2, { result: { label: 'a' } })).toMatchObject({ state: 'failed', category: 'EXECUTION_ERROR' });
  expect(await rowOf(id)).toMatchObject({ state: 'failed', attempt: 2, input: { label: 'a' } });
});

test('an attempt begins once, and only in a batch that is open', async () => {
  const [open, closed] = [randomUUID(), randomUUID()];
  await engine.open(open, 1);
  for (const id of [open, closed]) await store.take(id, [3]);
  const start = (batchId: string, attempt: number) => store.start({ batchId, index: 3, attempt });
  expect([await start(open, 2), await start(open, 1), await start(open, 1), await start(closed, 1)]).toEqual([false, true, false, false]);
  expect(await complete(open, 1, good)).toMatchObject({ state: 'done' });
});
