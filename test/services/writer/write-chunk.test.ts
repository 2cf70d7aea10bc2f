import { v7 as uuidv7 } from 'uuid';
import { settle } from '../../../services/batcher/settle.ts';
import { writeChunk } from '../../../services/writer/write-chunk.ts';
import type { Chunk } from '../../../shared/contracts/slices.ts';
import { flushParameters } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { chunkOf, executionValues, spyOnStatements, startEngine, type Engine } from '../../helpers/engine.ts';
import { tcpProxy, targetOf, throughProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { postgresUrl } from '../../helpers/addresses.ts';

let ids = 1;
/** A range of ids that no other slice of these tests has, inside one block. */
function takeIds(count: number): number {
  if (Math.floor(ids / 1024) !== Math.floor((ids + count - 1) / 1024)) ids = (Math.floor(ids / 1024) + 1) * 1024;
  ids += count;
  return ids - count;
}
const rows = (count: number) => Array.from({ length: count }, (_, i) => executionValues(i));
const sole = (count: number, batchId = uuidv7()) => chunkOf('execution', [{ batchId, firstId: takeIds(count), rows: rows(count) }]);
const batchOf = (chunk: Chunk) => chunk.slices[0]?.batchId ?? '';
const firstIdOf = (chunk: Chunk) => chunk.slices[0]?.firstId ?? 0;

async function stored(engine: Engine, chunk: Chunk): Promise<{ records: number; ledger: number; written: number }> {
  const [row] = await engine.rows<{ records: number; ledger: number; written: number }>(
    `select (select count(*)::int from execution e join unnest($2::bigint[], $3::int[]) s(first_id, span) on e.id >= s.first_id and e.id < s.first_id + s.span) as records,
            count(*)::int as ledger, coalesce(sum(written), 0)::int as written from ledger where batch_id = any($1::uuid[])`,
    [chunk.slices.map((s) => s.batchId), chunk.slices.map((s) => s.firstId), chunk.slices.map((s) => s.span)],
  );
  return row as { records: number; ledger: number; written: number };
}

describe('a flush on a real PostgreSQL', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.close());

  const settleNow = (batchId: string, requested: number) =>
    settle(engine.pool, { batchId, kind: 'execution', client: 'anonymous', requested, receivedAt: new Date().toISOString() }, 5_000, 5_000, () => performance.now(), () => undefined);

  test('F1 500 records, their ledger row and their batch are one statement and nothing else', async () => {
    const spy = spyOnStatements(engine.pool);
    const chunk = sole(500);
    await expect(engine.write(chunk)).resolves.toEqual([{ outcome: 'written', rejects: [] }]);
    expect(spy.texts).toEqual([engine.executions.flush.text]);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 500, ledger: 1, written: 500 });
    await expect(engine.rows('select state, epoch, requested from batch where id = $1', [batchOf(chunk)])).resolves.toEqual([{ state: 'closed', epoch: 0, requested: 500 }]);
  });

  test('F8 the statement has as many bind parameters for 2,000 rows of 200 batches as for one row', () => {
    const many = chunkOf('execution', Array.from({ length: 200 }, () => ({ firstId: takeIds(10), rows: rows(10) })));
    const count = (chunk: Chunk) => flushParameters(engine.executions, chunk.slices, chunk, 'n').length;
    expect(count(many)).toBe(count(sole(1)));
    expect(count(many)).toBeLessThan(100);
  });

  test('F9 a flush leaves nothing in an identity map', async () => {
    const forks: ReturnType<typeof engine.tools.fork>[] = [];
    const tools = { ...engine.tools, fork: () => (forks.push(engine.tools.fork()), forks.at(-1) as ReturnType<typeof engine.tools.fork>) };
    await writeChunk(tools, engine.executions, sole(100), 10_000);
    expect(forks).toEqual([]);
    expect(engine.database.orm.em.getUnitOfWork(false).getIdentityMap().values()).toEqual([]);
  });

  test('slices of fifty requests share one statement, and each keeps its own ids, rejects and instant', async () => {
    const chunk = chunkOf('execution', Array.from({ length: 50 }, (_, n) => ({ batchId: uuidv7(), firstId: takeIds(3), rows: [executionValues(n), undefined, executionValues(n + 1_000)] })));
    const spy = spyOnStatements(engine.pool);
    const outcomes = await engine.write(chunk);
    expect(spy.texts).toHaveLength(1);
    expect(outcomes.every((o) => o.outcome === 'written' && o.rejects.length === 1)).toBe(true);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 100, ledger: 50, written: 100 });
    for (const [n, slice] of chunk.slices.entries()) {
      const found = await engine.rows<{ id: string; security_id: string }>('select id, security_id from execution where id between $1 and $2 order by id', [slice.firstId, slice.firstId + 2]);
      expect(found).toEqual([{ id: String(slice.firstId), security_id: executionValues(n).securityId }, { id: String(slice.firstId + 2), security_id: executionValues(n + 1_000).securityId }]);
    }
  });

  test('a slice whose every item was rejected leaves its ledger row, with the reasons', async () => {
    const chunk = chunkOf('execution', [{ firstId: 1, rows: [undefined, undefined] }]);
    await expect(engine.write(chunk)).resolves.toMatchObject([{ outcome: 'written', rejects: [[0], [1]].map((r) => expect.arrayContaining(r) as unknown) }]);
    await expect(engine.rows('select written, rejected, span, state, jsonb_array_length(rejects) as reasons from ledger where batch_id = $1', [batchOf(chunk)])).resolves.toEqual([{ written: 0, rejected: 2, span: 2, state: 'none', reasons: 2 }]);
  });

  test('F59 F17 the same slices again, of a sole batch and of an open one, write nothing and answer as the first time', async () => {
    const batchId = uuidv7();
    await engine.open(batchId, 5);
    const chunk = chunkOf('execution', [{ firstId: takeIds(2), rows: rows(2) }, { batchId, sole: false, firstIndex: 2, requested: 5, firstId: takeIds(3), rows: [undefined, ...rows(2)] }]);
    await engine.write(chunk);
    const outcomes = await engine.write(chunk);
    expect(outcomes.map((o) => o.outcome)).toEqual(['repeat', 'repeat']);
    expect(outcomes[1]?.rejects).toEqual(chunk.slices[1]?.rejects);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 4, ledger: 2, written: 4 });
  });

  test('a sole batch sent twice at once on two connections is written once', async () => {
    for (let round = 0; round < 20; round++) {
      const chunk = sole(50);
      const outcomes = (await Promise.all([engine.write(chunk), engine.write(chunk), engine.write(chunk)])).map(([o]) => o?.outcome);
      expect(outcomes.sort()).toEqual(['repeat', 'repeat', 'written']);
      await expect(stored(engine, chunk)).resolves.toEqual({ records: 50, ledger: 1, written: 50 });
    }
  });

  test('F60 a slice of an older epoch writes nothing', async () => {
    const batchId = uuidv7();
    await engine.open(batchId, 10);
    await engine.rows('update batch set epoch = 1 where id = $1', [batchId]);
    const old = chunkOf('execution', [{ batchId, sole: false, firstId: takeIds(10), rows: rows(10) }]);
    await expect(engine.write(old)).resolves.toEqual([{ outcome: 'fenced', rejects: [] }]);
    await expect(stored(engine, old)).resolves.toEqual({ records: 0, ledger: 0, written: 0 });
  });

  test.each([['other ids', 10, 10], ['another cut', 6, 10]])('F60 F59 a slice that whoever took the batch over wrote with %s is no repeat of ours: it is fenced', async (_, span, ours) => {
    const batchId = uuidv7();
    await engine.open(batchId, 10);
    const old = chunkOf('execution', [{ batchId, sole: false, requested: 10, firstId: takeIds(ours), rows: rows(ours) }]);
    await engine.rows('update batch set epoch = 1 where id = $1', [batchId]);
    const firstId = span === ours ? takeIds(span) : firstIdOf(old);
    await expect(engine.write(chunkOf('execution', [{ batchId, sole: false, epoch: 1, requested: 10, firstId, rows: rows(span) }]))).resolves.toMatchObject([{ outcome: 'written' }]);
    await expect(engine.write(old)).resolves.toEqual([{ outcome: 'fenced', rejects: [] }]);
  });

  test('F60 a fenced slice takes nothing from its neighbours in the chunk', async () => {
    const batchId = uuidv7();
    await engine.open(batchId, 10);
    await settleNow(batchId, 10);
    const good = sole(5);
    const chunk = chunkOf('execution', [{ batchId: batchOf(good), firstId: firstIdOf(good), rows: rows(5) }, { batchId, sole: false, firstId: takeIds(10), rows: rows(10) }, { firstId: takeIds(2), rows: rows(2) }]);
    expect((await engine.write(chunk)).map((o) => o.outcome)).toEqual(['written', 'fenced', 'written']);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 7, ledger: 2, written: 7 });
  });

  test('F3 beside a slice that is fenced, one that is written tells its own rejects', async () => {
    const batchId = uuidv7();
    await engine.open(batchId, 2);
    await settleNow(batchId, 2);
    const chunk = chunkOf('execution', [{ batchId, sole: false, firstId: takeIds(2), rows: rows(2) }, { firstId: takeIds(3), rows: [...rows(2), undefined] }]);
    expect((await engine.write(chunk)).map((o) => [o.outcome, o.rejects.map(([index]) => index)])).toEqual([['fenced', []], ['written', [2]]]);
  });

  test('F63 a sole flush that comes after its batch was settled, which had no row, is fenced', async () => {
    const chunk = sole(10);
    const answer = await settleNow(batchOf(chunk), 10);
    expect(answer?.missing).toHaveLength(10);
    await expect(engine.write(chunk)).resolves.toEqual([{ outcome: 'fenced', rejects: [] }]);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 0, ledger: 0, written: 0 });
  });

  test.each([['sole', true], ['open', false]])('F63 settling while a flush of a %s batch runs waits for it, and then tells that all is written', async (_, isSole) => {
    const batchId = uuidv7();
    if (!isSole) await engine.open(batchId, 10);
    const chunk = chunkOf('execution', [{ batchId, sole: isSole, firstId: takeIds(10), rows: rows(10) }]);
    const client = await engine.pool.connect();
    try {
      await client.query('begin');
      await client.query({ name: engine.executions.flush.name, text: engine.executions.flush.text, values: flushParameters(engine.executions, chunk.slices, chunk, 'n') });
      const settled = settleNow(batchId, 10);
      await waitFor(async () => (await engine.rows(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into batch%' and datname = current_database()`)).length > 0, { what: 'the settling to wait' });
      await client.query('commit');
      const answer = await settled;
      expect(answer?.missing).toEqual([]);
      expect(answer?.ids).toEqual(Array.from({ length: 10 }, (_, i) => firstIdOf(chunk) + i));
    } finally {
      client.release();
    }
  });

  test('thirty writers at once with the same and with overlapping batches finish without a deadlock, all written once', async () => {
    const batches = Array.from({ length: 12 }, () => uuidv7());
    for (const batchId of batches) await engine.open(batchId, 100);
    const slices = batches.flatMap((batchId) => [0, 1, 2, 3].map((part) => ({ batchId, sole: false, requested: 100, firstIndex: part * 25, firstId: takeIds(25), rows: rows(25) })));
    const before = engine.seen.retries.length;
    const shuffled = (seed: number) => slices.filter((_, i) => (i * 7 + seed) % 3 !== 0).sort((a, b) => (a.batchId < b.batchId ? -1 : a.batchId > b.batchId ? 1 : 0));
    await Promise.all(Array.from({ length: 30 }, (_, n) => engine.write(chunkOf('execution', shuffled(n)))));
    const whole = chunkOf('execution', slices);
    expect((await engine.write(whole)).every((o) => o.outcome === 'repeat')).toBe(true);
    await expect(stored(engine, whole)).resolves.toEqual({ records: 1_200, ledger: 48, written: 1_200 });
    expect(engine.seen.retries.slice(before)).toEqual([]);
  });

  test('F62 ids in use: nothing is written, nobody is blamed, and other ids are asked for; neighbours are written', async () => {
    const taken = sole(1);
    await engine.write(taken);
    const alone = chunkOf('execution', [{ firstId: firstIdOf(taken), rows: rows(1) }]);
    await expect(engine.write(alone)).resolves.toEqual([{ outcome: 'conflict', rejects: [] }]);
    await expect(engine.rows('select 1 from batch where id = $1', [batchOf(alone)])).resolves.toEqual([]);
    const before = engine.seen.idConflicts;
    const three = chunkOf('execution', [{ firstId: takeIds(2), rows: rows(2) }, { firstId: firstIdOf(taken), rows: rows(1) }, { firstId: takeIds(2), rows: rows(2) }]);
    expect((await engine.write(three)).map((o) => o.outcome)).toEqual(['written', 'conflict', 'written']);
    expect(engine.seen.idConflicts - before).toBe(1);
    const again = chunkOf('execution', [{ batchId: three.slices[1]?.batchId ?? '', firstId: takeIds(1), rows: rows(1) }]);
    expect((await engine.write(again)).map((o) => o.outcome)).toEqual(['written']);
  });

  test('a flush whose time is over before it began writes nothing and says so', async () => {
    const chunk = sole(1);
    await expect(engine.write(chunk, 0)).rejects.toMatchObject({ type: 'TOO_LATE' });
    await expect(stored(engine, chunk)).resolves.toMatchObject({ records: 0 });
  });

  test('F62 a table locked by someone else: tried again, then given up as not written; later it is written', async () => {
    const holder = await engine.pool.connect();
    const impatient = { ...engine.tools, attempts: 2 };
    const chunk = sole(3);
    try {
      await holder.query('begin');
      await holder.query('lock table execution in access exclusive mode');
      await expect(writeChunk(impatient, engine.executions, chunk, 20_000)).rejects.toMatchObject({ type: 'NOT_WRITTEN' });
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    await expect(engine.write(chunk)).resolves.toMatchObject([{ outcome: 'written' }]);
  });

  test('F62 a read-only database: no item is blamed, and the flush works once it is over', async () => {
    await engine.rows(`do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`);
    const other = await startEngineOn(engine);
    try {
      const chunk = sole(3);
      await expect(writeChunk({ ...engine.tools, pool: other, attempts: 2 }, engine.executions, chunk, 10_000)).rejects.toMatchObject({ type: 'NOT_WRITTEN' });
    } finally {
      await engine.rows(`set default_transaction_read_only = off`);
      await engine.rows(`do $$ begin set transaction read write; execute format('alter database %I reset default_transaction_read_only', current_database()); end $$`);
      await other.end();
    }
  });
});

describe('a commit whose answer is lost', () => {
  let engine: Engine;
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await tcpProxy(targetOf(postgresUrl()));
    engine = await startEngine({ address: (url) => throughProxy(url, proxy) });
  });
  afterAll(async () => {
    await engine.close();
    await proxy.close();
  });

  test('F17 the connection is cut after the statement was sent: tried again, written once, answered truly', async () => {
    for (let round = 0; round < 5; round++) {
      await runStatement(engine.pool, { name: 'warm', text: 'select 1' }, [], 5_000);
      proxy.answers('closed');
      const chunk = sole(40);
      const sent = proxy.whenSent('flush-execution');
      const answer = engine.write(chunk);
      await sent;
      await waitFor(async () => (await engine.rows('select 1 from ledger where batch_id = $1', [batchOf(chunk)])).length > 0, { what: 'the commit that nobody hears of' });
      proxy.cut();
      proxy.answers('open');
      await expect(answer).resolves.toEqual([{ outcome: 'repeat', rejects: [] }]);
      await expect(stored(engine, chunk)).resolves.toEqual({ records: 40, ledger: 1, written: 40 });
    }
    expect(engine.seen.retries).toContain('connection');
  });

  test('F62 F17 ids in use, found by a try after one that may have been written: the outcome is unknown, for with other ids rows might be there twice', async () => {
    const taken = sole(1);
    await engine.write(taken);
    await runStatement(engine.pool, { name: 'warm', text: 'select 1' }, [], 5_000);
    const chunk = chunkOf('execution', [{ firstId: firstIdOf(taken), rows: rows(1) }]);
    proxy.answers('closed');
    const sent = proxy.whenSent('flush-execution');
    const answer = engine.write(chunk);
    answer.catch(() => undefined);
    await sent;
    await waitFor(async () => (await engine.rows(`select 1 from pg_stat_activity where state = 'active' and datname = current_database() and pid <> pg_backend_pid()`)).length === 0, { what: 'PostgreSQL to have carried it out' });
    proxy.cut();
    proxy.answers('open');
    await expect(answer).rejects.toMatchObject({ type: 'OUTCOME_UNKNOWN' });
  });

  test('the connection is cut while the statement waits for a lock: tried again, written once', async () => {
    const chunk = sole(40);
    const holder = await engine.database.pool.connect();
    await holder.query('begin');
    await holder.query('lock table execution in share mode');
    const answer = engine.write(chunk);
    await waitFor(async () => (await engine.rows(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)).length > 0, { what: 'the flush to wait' });
    await engine.rows(`select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`);
    await holder.query('rollback');
    holder.release();
    await expect(answer).resolves.toMatchObject([{ outcome: 'written' }]);
    await expect(stored(engine, chunk)).resolves.toEqual({ records: 40, ledger: 1, written: 40 });
  });

  test('no connection to be had: the outcome is told as unknown or not written, never as the client\'s fault', async () => {
    proxy.cut();
    proxy.refuse(true);
    const chunk = sole(2);
    await expect(writeChunk({ ...engine.tools, attempts: 3 }, engine.executions, chunk, 10_000)).rejects.toMatchObject({ type: 'OUTCOME_UNKNOWN' });
    proxy.refuse(false);
    await expect(engine.write(chunk)).resolves.toMatchObject([{ outcome: 'written' }]);
  });
});

async function startEngineOn(engine: Engine) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: engine.url, max: 2 });
  pool.on('error', () => undefined);
  return pool;
}
