import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { steer } from '../../../../services/batcher/large/steer.ts';
import type { TakeTools } from '../../../../services/batcher/take-batch.ts';
import { startEngine, type Engine } from '../../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

/** The pool, with something that happens once, between the first look at the batch and what follows from it. */
function withBetween(pool: Pool, happens: () => Promise<unknown>): Pool {
  let first = true;
  return { async connect() {
    if (!first) return pool.connect();
    first = false;
    const client = await pool.connect();
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const between = async (...args: unknown[]) => {
      const answer = await query(...args);
      await happens();
      return answer;
    };
    return { query: between, release: (destroy?: boolean) => client.release(destroy) };
  } } as unknown as Pool;
}

test('a pause that was over and came again is not ended as the one before: a batch resumes to what it was doing last', async () => {
  const id = randomUUID();
  await engine.open(id, 10);
  await engine.rows(`insert into large_batch (id, kind, client, state, before_pause, staged, parallelism, checkpoint_interval, deadline_at) values ($1, 'execution', 'anonymous', 'PAUSED', 'RECEIVING', true, 1, 1, now() + interval '1 h')`, [id]);
  // Resumed by somebody else, its upload came to its end, it was started, and paused again.
  const meanwhile = () => engine.rows(`update large_batch set before_pause = 'RUNNING', total = 10, version = version + 4 where id = $1`, [id]);
  const tools = { pool: withBetween(engine.pool, meanwhile), owner: 'edge', leaseMs: 15_000, statementTimeoutMs: 5_000, onSettle: () => undefined, batchesSink: 'kafka:batches' } as unknown as TakeTools;
  expect(await steer(tools, id, 'anonymous', 'resume')).toBe('RUNNING');
  expect(await engine.rows('select state from large_batch where id = $1', [id])).toEqual([{ state: 'RUNNING' }]);
});
