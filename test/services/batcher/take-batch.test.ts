import { pino } from 'pino';
import { Dispatcher } from '../../../services/batcher/dispatcher.ts';
import { IdBlocks } from '../../../services/batcher/id-blocks.ts';
import { WriteQueue } from '../../../services/batcher/queue.ts';
import { reap, renewLeases } from '../../../services/batcher/reaper.ts';
import { Slots } from '../../../services/batcher/slots.ts';
import { takeBatch, type TakeTarget, type TakeTools } from '../../../services/batcher/take-batch.ts';
import { writeChunk } from '../../../services/writer/write-chunk.ts';
import type { TakeBatch } from '../../../shared/contracts/actions.ts';
import type { Chunk, SliceOutcome } from '../../../shared/contracts/slices.ts';
import { connectDatabase } from '../../../shared/db/connect.ts';
import executionKind from '../../../shared/records/execution.kind.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import { v7 as uuidv7 } from 'uuid';
import { startEngine, type Engine } from '../../helpers/engine.ts';
import { execution } from '../../helpers/executions.ts';
import { targetOf, tcpProxy, throughProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

describe('the way of a batch through an edge', () => {
  let engine: Engine;
  let nextBlock = 1;
  const inWork = new Set<string>();
  const background = new Set<Promise<unknown>>();
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(async () => {
    await Promise.allSettled([...background]);
    await engine.close();
  });

  /** An edge's parts around this way of writing a chunk and of reserving ids. */
  function edge(shape: { write?: (chunk: Chunk) => Promise<SliceOutcome[]>; reserve?: (blocks: number, beyond: boolean) => Promise<number>; tools?: Partial<TakeTools> } = {}) {
    const slots = new Slots();
    slots.update([{ nodeId: 'one', slots: 3, most: 3 }, { nodeId: 'two', slots: 3, most: 3 }], 1);
    const queue = new WriteQueue();
    const log = pino({ level: 'silent' });
    const now = () => performance.now();
    const chunks: Chunk[] = [];
    const dispatcher = new Dispatcher(queue, slots, { aimRows: 500, maxRows: 2_000, maxBytes: 524_288, interactiveShare: 0.25, lanes: { high: 6, normal: 3, low: 1 } }, {
      write: (_, chunk) => (chunks.push(chunk), shape.write?.(chunk) ?? writeChunk(engine.tools, engine.executions, chunk, 5_000)),
      now, log, onHandover: () => undefined, onWritten: () => undefined, onBacklog: () => undefined, after: (ms, run) => setTimeout(run, ms),
    });
    const tools: TakeTools = {
      pool: engine.pool, queue, dispatcher, log, owner: 'edge-test', inWork, leaseMs: 15_000, statementTimeoutMs: 5_000, settlePatienceMs: 2_250, settleLaterMs: 20_000, shards: 32, batchesSink: 'kafka:batches',
      cut: { segmentRows: 500, maxRows: 2_000, maxBytes: 524_288 }, now, retryAfter: () => 1, maxBatchesOfClient: () => 10, onSettle: () => undefined, stopping: new AbortController().signal, ...shape.tools,
    };
    const { record, carried } = engine.executions;
    const target: TakeTarget = { record, carried, check: compileItemCheck(record.item, record.ignored), ids: new IdBlocks(shape.reserve ?? ((blocks) => Promise.resolve((nextBlock += blocks) - blocks))) };
    const take = (count: number, over: Partial<TakeBatch> = {}) =>
      takeBatch(tools, target, { batchId: uuidv7(), kind: 'execution', items: Array.from({ length: count }, () => execution()), client: 'anonymous', deadlineMs: 5_000, requestId: 'r', trace: '', ...over }, (work) => void background.add(work));
    return { take, chunks };
  }
  const count = async () => Number((await engine.rows<{ n: string }>('select count(*) as n from execution'))[0]?.n);
  const reaper = () => ({ pool: engine.pool, owner: 'edge-test', inWork, leaseMs: 15_000, idempotencyHours: 24, commandHours: 24, statementTimeoutMs: 5_000, onSettle: () => undefined });

  test.each([['of one flush', 3], ['of several', 2_500]])('F63 ids that come after the deadline start nothing: a batch %s told withdrawn is never written', async (_, items) => {
    const before = await count();
    let answer: (first: number) => void = () => undefined;
    const { take, chunks } = edge({ reserve: () => new Promise((resolve) => (answer = resolve)) });
    const outcome = await take(items, { deadlineMs: 100 });
    expect(outcome.withdrawn).toHaveLength(items);
    answer((nextBlock += 5) - 5);
    await new Promise((resolve) => setTimeout(resolve, 50)); // time in which a wrong write would be handed over
    expect(chunks).toEqual([]);
    await expect(count()).resolves.toBe(before);
  });

  test('F17 a writer that never answers: the slices go to another with the same cut and the same epoch, and are written once', async () => {
    const before = await count();
    let calls = 0;
    const { take, chunks } = edge({
      write: async (chunk) => {
        const outcomes = await writeChunk(engine.tools, engine.executions, chunk, 5_000);
        if (++calls <= 2) throw Object.assign(new Error('no answer'), { type: 'REQUEST_TIMEOUT' });
        return outcomes;
      },
    });
    const outcome = await take(5);
    expect(outcome).toMatchObject({ state: 'closed', withdrawn: [], rejects: [] });
    expect(chunks.map((chunk) => chunk.slices)).toEqual([chunks[0]?.slices, chunks[0]?.slices, chunks[0]?.slices]);
    await expect(count()).resolves.toBe(before + 5);
  });

  test('F62 ids in use: others are taken and nothing is lost; after a writer that never answered, the batch is settled instead', async () => {
    const before = await count();
    const used = (await engine.rows<{ block: number }>('select (max(id) / 1024)::int as block from execution'))[0]?.block ?? 0;
    const reserve = (blocks: number, beyond: boolean) => Promise.resolve(beyond ? (nextBlock += blocks) - blocks : used);
    await expect(edge({ reserve }).take(5)).resolves.toMatchObject({ withdrawn: [], rejects: [] });
    await expect(count()).resolves.toBe(before + 5);
    let calls = 0;
    const lost = edge({ reserve, write: (chunk) => (++calls === 1 ? Promise.reject(Object.assign(new Error('no answer'), { type: 'REQUEST_TIMEOUT' })) : writeChunk(engine.tools, engine.executions, chunk, 5_000)) });
    expect((await lost.take(5)).withdrawn).toHaveLength(5);
    await expect(count()).resolves.toBe(before + 5);
  });

  test('a batch of one flush that was answered PENDING is settled when PostgreSQL is back, however long it was away: its writer writes nothing any more', async () => {
    const before = await count();
    const proxy = await tcpProxy(targetOf(engine.url));
    const afar = await connectDatabase(throughProxy(engine.url, proxy), [executionKind], engine.settings, { max: 2, applicationName: 'afar' });
    let kept: Chunk | undefined;
    const { take } = edge({
      write: (chunk) => {
        kept = chunk;
        proxy.refuse(true);
        return new Promise(() => undefined);
      },
      tools: { pool: afar.pool, settlePatienceMs: 100, settleLaterMs: 100 },
    });
    try {
      const outcome = await take(5, { deadlineMs: 300 });
      expect(outcome.state).toBe('pending');
      await new Promise((resolve) => setTimeout(resolve, 500)); // several times the patience
      proxy.refuse(false);
      await waitFor(async () => (await engine.rows(`select 1 from batch where id = $1 and state = 'closed'`, [outcome.batchId])).length === 1, { what: 'the batch to be settled' });
      await expect(writeChunk(engine.tools, engine.executions, kept as Chunk, 5_000)).resolves.toMatchObject([{ outcome: 'fenced' }]);
      await expect(count()).resolves.toBe(before);
      await Promise.allSettled([...background]);
    } finally {
      proxy.refuse(false);
      await afar.close();
      await proxy.close();
    }
  });

  test('F42 what one flush is sent stays below the largest message, however many faults and wide characters a request holds', async () => {
    const { take, chunks } = edge({ write: (chunk) => Promise.resolve(chunk.slices.map((s) => ({ outcome: 'written', rejects: s.rejects }))) });
    const junk = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`unknown member ${i} ${'x'.repeat(40)}`, 1]));
    const items = Array.from({ length: 1_500 }, (_, i) => (i % 2 === 0 ? execution({ destination: '\u0001'.repeat(20), securityId: '\u0001'.repeat(24) }) : { ...junk }));
    await take(items.length, { items });
    expect(chunks.length).toBeGreaterThan(3);
    for (const chunk of chunks) expect(Buffer.byteLength(JSON.stringify(chunk))).toBeLessThan(1_000_000);
  });

  test('the lease of a batch that this edge has not in work is not renewed, and the reaper settles it', async () => {
    const [working, left] = [uuidv7(), uuidv7()];
    for (const id of [working, left]) await engine.open(id, 10);
    await engine.rows(`update batch set lease_until = now() - interval '1 s' where id = any($1::uuid[])`, [[working, left]]);
    inWork.add(working);
    await renewLeases(reaper());
    inWork.delete(working);
    await reap(reaper());
    await expect(engine.rows('select state, epoch from batch where id = any($1::uuid[]) order by id', [[working, left]])).resolves.toEqual([{ state: 'open', epoch: 0 }, { state: 'closed', epoch: 1 }]);
  });

  test('no batch stays in work after its answer, whatever became of it', async () => {
    await edge().take(2_500);
    await edge({ write: () => Promise.reject(new Error('broken')) }).take(2_500);
    await waitFor(() => inWork.size === 0, { what: 'no batch in work' });
  });
});
