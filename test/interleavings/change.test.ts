import { v7 as uuidv7 } from 'uuid';
import { takeChange } from '../../services/batcher/take-change.ts';
import { changeRecord } from '../../services/writer/change-record.ts';
import type { ChangeAnswer, ChangeOutcome, ChangeRecord } from '../../shared/contracts/actions.ts';
import { checkLaw, WHOLE } from '../../shared/law/check-law.ts';
import { chunkOf } from '../helpers/engine.ts';
import { everyOrder, seededOrders, type Choose } from './helpers/orders.ts';
import { expectNone, newBatch, openScene, type Scene } from './helpers/scene.ts';
import type { Gates, Results, Stage } from './helpers/stage.ts';

/** Where a change stops: its batch is made, the record is locked, all is in but the commit. */
const CHANGE: Gates = { 'insert into batch': ['before'], ' t where "id" = $1 for update': ['after'], commit: ['before', 'after'] };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(['first', 'second', 'edge']);
});
afterAll(() => scene.close());

async function newChange(): Promise<ChangeRecord> {
  const batch = newBatch(1);
  const id = batch.ids();
  await scene.engine.write(chunkOf('execution', [{ batchId: batch.batchId, firstId: id, rows: batch.rows }]));
  return { kind: 'execution', id, body: { quantityFilled: '10.00000000' }, version: 1, batchId: uuidv7(), client: 'anonymous', deadlineMs: 10_000, trace: '' };
}

/** As a writer makes it. */
function make(name: string, change: ChangeRecord): Promise<ChangeOutcome> {
  const actor = scene.actor(name);
  const { record, table, columns } = actor.flush.execution;
  return changeRecord(actor.tools.fork(), { record, table, columns }, change, name, scene.engine.settings);
}

/** What is wrong with the record: changed more than once, or without a ledger row for each sink, or against what was told. */
async function faultsOf({ id, batchId }: ChangeRecord, made: boolean | undefined): Promise<string[]> {
  const [row] = await scene.engine.rows<{ version: number; rows: number }>(`select version, (select count(*)::int from ledger where batch_id = $2 and op = 'update') as rows from execution where id = $1`, [id, batchId]);
  const is = `version ${row?.version}, ${row?.rows} rows in the ledger`;
  const right = [...(made === false ? [] : ['version 2, 1 rows in the ledger']), ...(made === true ? [] : ['version 1, 0 rows in the ledger'])];
  return right.includes(is) ? [] : [`told ${made}, and is: ${is}`];
}

const outcomeOf = (results: Results, actor: string) => {
  const result = results[actor];
  return result !== undefined && 'value' in result ? (result.value as ChangeOutcome).outcome : 'failed';
};

describe('F46 the same change twice with one batch id', () => {
  test('in every order it is made once; the other one tells the same', async () => {
    const seen = new Set<string>();
    const played = await everyOrder(150, async (choose) => {
      const change = await newChange();
      const { results, order } = await scene.play(choose, { gates: { first: CHANGE, second: CHANGE } }, () => ({ first: () => make('first', change), second: () => make('second', change) }));
      const outcomes = [outcomeOf(results, 'first'), outcomeOf(results, 'second')];
      seen.add(outcomes.join());
      expectNone(await faultsOf(change, true), order);
    });
    expect(played).toBeGreaterThan(10);
    expect([...seen].sort()).toEqual(['changed,repeat', 'repeat,changed']);
  });

  test('of two different changes of one version one is made, in every order', async () => {
    const seen = new Set<string>();
    await everyOrder(150, async (choose) => {
      const [change, rival] = [await newChange(), uuidv7()];
      const { results, order } = await scene.play(choose, { gates: { first: CHANGE, second: CHANGE } }, () => ({ first: () => make('first', change), second: () => make('second', { ...change, batchId: rival }) }));
      seen.add([outcomeOf(results, 'first'), outcomeOf(results, 'second')].join());
      const firstMade = outcomeOf(results, 'first') === 'changed';
      expectNone(await faultsOf(firstMade ? change : { ...change, batchId: rival }, true), order);
      await expect(scene.engine.rows('select 1 from batch where id = $1', [firstMade ? rival : change.batchId])).resolves.toEqual([]);
    });
    expect([...seen].sort()).toEqual(['changed,stale', 'stale,changed']);
  });

  test.each([['a connection cut', 1, { cuts: 2 }], ['a writer killed', 500, { mortals: ['first'] }]])('with %s anywhere, also between the commit and its answer: whoever asks again learns the truth', async (_, seed, shape) => {
    await seededOrders(40, seed, async (choose) => {
      const change = await newChange();
      const { order } = await scene.play(choose, { gates: { first: CHANGE, second: CHANGE }, ...shape }, () => ({ first: () => make('first', change), second: () => make('second', change) }));
      const last = await make('first', change);
      expect(['changed', 'repeat']).toContain(last.outcome);
      expectNone(await faultsOf(change, true), order);
    });
  });
});

/** An edge whose call of the writer may have no answer in time: then it settles, while the writer goes on. */
async function answered(choose: Choose, change: ChangeRecord) {
  const gates = { first: CHANGE, edge: { 'on conflict (id) do update set epoch': ['before', 'after'] } satisfies Gates };
  const edge = async (stage: Stage, written: Promise<ChangeOutcome>) => {
    let clock = 0;
    const call = async (): Promise<ChangeOutcome> => {
      const late = (async (): Promise<never> => {
        await stage.pass('edge', 'waits no longer');
        clock = 60_000;
        throw Object.assign(new Error('no answer'), { type: 'REQUEST_TIMEOUT' });
      })();
      late.catch(() => undefined);
      return Promise.race([late, written]);
    };
    return takeChange({ pool: scene.actor('edge').pool, change: call, statementTimeoutMs: 12_000, leaseMs: 15_000, now: () => clock, retryAfter: () => 1, log: scene.engine.tools.log }, { ...change, requestId: 'r', deadlineMs: 10_000 } as Parameters<typeof takeChange>[1]);
  };
  return scene.play(choose, { gates }, (stage) => {
    const written = make('first', change);
    written.catch(() => undefined);
    return { first: () => written, edge: () => edge(stage, written) };
  });
}

test('F17 F63 a change whose writer does not answer in time is settled: told withdrawn it is never made, in every order', async () => {
  const seen = new Set<string>();
  await everyOrder(150, async (choose) => {
    const change = await newChange();
    const { results, order } = await answered(choose, change);
    const result = results.edge;
    const told = result !== undefined && 'value' in result ? (result.value as ChangeAnswer).outcome.outcome : 'failed';
    seen.add(told);
    expectNone(await faultsOf(change, told === 'changed' ? true : told === 'withdrawn' ? false : undefined), order);
  });
  expect(seen.has('changed')).toBe(true);
  expect(seen.has('withdrawn')).toBe(true);
  expect(seen.has('failed')).toBe(false);
});

test('at the end the law holds', async () => {
  const report = await checkLaw(scene.engine.pool, [{ kind: 'execution', table: 'execution', idColumn: 'id' }], WHOLE, 30_000);
  expect(report.breaches).toEqual([]);
});
