import { IdBlocks, type IdRun } from '../../../services/batcher/id-blocks.ts';
import { RESERVE_BLOCKS, reserveBlocksBeyond } from '../../../shared/db/queries/batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { chunkOf, executionValues, startEngine, type Engine } from '../../helpers/engine.ts';

const idsOf = (runs: readonly IdRun[]) => runs.flatMap((run) => Array.from({ length: run.length }, (_, i) => run.firstId + i));

describe('ids from a real database', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
  });
  afterEach(() => engine.close());
  const blocks = () => {
    const beyondStatement = reserveBlocksBeyond('execution', 'id');
    return new IdBlocks(async (count, beyond) => Number((await runStatement(engine.pool, beyond ? beyondStatement : RESERVE_BLOCKS, ['execution', count], 5_000))[0]?.[0]));
  };

  test('many takers on several edges at once: as many ids as asked for, none twice, never 0, no run across a block', async () => {
    const edges = [blocks(), blocks(), blocks()];
    const counts = Array.from({ length: 120 }, (_, i) => 1 + ((i * 37) % 900));
    const taken = await Promise.all(counts.map((count, i) => (edges[i % 3] as IdBlocks).take(count)));
    expect(taken.map((runs) => idsOf(runs).length)).toEqual(counts);
    const all = taken.flatMap(idsOf);
    expect(new Set(all).size).toBe(all.length);
    expect(all).not.toContain(0);
    for (const run of taken.flat()) expect(Math.floor(run.firstId / 1_024)).toBe(Math.floor((run.firstId + run.length - 1) / 1_024));
  });

  test('F62 after distrust ids come from beyond the table, also where the block counter was lost', async () => {
    await engine.write(chunkOf('execution', [{ firstId: 50_000, rows: [executionValues(1)] }]));
    const ids = blocks();
    const [first] = await ids.take(1);
    ids.distrust(first?.firstId ?? 0);
    expect(idsOf(await ids.take(2_000)).every((id) => id > 50_000)).toBe(true);
  });
});

describe('distrust', () => {
  /** Reservations that answer when they are told to. */
  function controlled() {
    const asked: { beyond: boolean; answer(first: number): void }[] = [];
    const ids = new IdBlocks((_, beyond) => new Promise((resolve) => asked.push({ beyond, answer: resolve })));
    return { ids, asked };
  }

  test('while blocks are being reserved drops those too', async () => {
    const { ids, asked } = controlled();
    const taking = ids.take(5);
    ids.distrust(1);
    asked[0]?.answer(7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.map((a) => a.beyond)).toEqual([false, true]);
    asked[1]?.answer(90);
    await expect(taking).resolves.toEqual([{ firstId: 90 * 1_024, length: 5 }]);
  });

  test('by many slices with ids of before costs the stock once, so that ids are not wasted', async () => {
    const { ids, asked } = controlled();
    const taking = ids.take(1);
    asked[0]?.answer(1);
    const old = (await taking)[0]?.firstId ?? 0;
    ids.distrust(old);
    const again = ids.take(1);
    asked[1]?.answer(50);
    await again;
    ids.distrust(old);
    await expect(ids.take(1)).resolves.toEqual([{ firstId: 50 * 1_024 + 1, length: 1 }]);
  });
});
