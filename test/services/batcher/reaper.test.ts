import { randomUUID } from 'node:crypto';
import { reap } from '../../../services/batcher/reaper.ts';
import { startEngine, type Engine } from '../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('commands are remembered for their time, then forgotten, a lot at a time', async () => {
  const note = (prefix: string, age: string, count: number) => engine.rows(`insert into batch_command (id, batch_id, type, effect, at) select $1 || i, $2, 'BatchInitialized', 'noted', now() - $3::interval from generate_series(1, $4) i`, [prefix, randomUUID(), age, count]);
  await note('old', '25 h', 5_003);
  await note('young', '23 h', 2);
  const left = async () => (await engine.rows<{ old: number; young: number }>(`select count(*) filter (where id like 'old%')::int as old, count(*) filter (where id like 'young%')::int as young from batch_command`))[0];
  const round = () => reap({ pool: engine.pool, owner: 'edge', inWork: new Set(), leaseMs: 15_000, idempotencyHours: 24, commandHours: 24, statementTimeoutMs: 5_000, onSettle: () => undefined });
  await round();
  expect(await left()).toEqual({ old: 3, young: 2 });
  await round();
  expect(await left()).toEqual({ old: 0, young: 2 });
});
