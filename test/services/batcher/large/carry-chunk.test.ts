import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { carryChunk, MOST_ATTEMPTS, type LeasedChunk } from '../../../../services/batcher/large/carry-chunk.ts';
import type { TakeTarget, TakeTools } from '../../../../services/batcher/take-batch.ts';
import { chunkOf, executionValues, startEngine, type Engine } from '../../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const target = { record: { name: 'execution' } } as TakeTarget;
const toolsOf = (over: Partial<TakeTools> = {}) => ({ pool: engine.pool, owner: 'edge-a', statementTimeoutMs: 5_000, log: pino({ level: 'silent' }), ...over }) as TakeTools;
const body = JSON.stringify({ total: 3, good: [0, 1, 2], columns: {}, rejects: [], bytes: 0 });
/** As taken for the last time. */
const leased = (id: string): LeasedChunk => ({ batch: { id, kind: 'execution', client: 'anonymous', receivedAt: new Date().toISOString(), lane: 'normal' }, epoch: 0, first: 0, span: 3, body, trace: '', attempts: MOST_ATTEMPTS + 4, leftMs: 60_000 });
const stage = (id: string, owner: string) => engine.rows(`insert into chunk (batch_id, first_index, span, body, attempts, epoch, lease_owner, lease_until) values ($1, 0, 3, $2, $3, 0, $4, now() + interval '1 min')`, [id, body, MOST_ATTEMPTS + 4, owner]);
/** Nothing can be written: what is tried fails. */
const failing = () => Promise.reject(new Error('it cannot be done'));

test('a chunk that cannot even be refused at the last attempt is poison', async () => {
  const id = randomUUID();
  await engine.open(id, 3);
  await stage(id, 'edge-a');
  expect(await carryChunk(toolsOf(), target, leased(id), failing)).toBe('poison');
});

test('one that another edge has carried out meanwhile, or has in hand, is not poison: it is left to the other', async () => {
  const [done, taken] = [randomUUID(), randomUUID()];
  for (const id of [done, taken]) await engine.open(id, 3);
  // Written and deleted by the other, while this edge was slow.
  await engine.write(chunkOf('execution', [{ batchId: done, firstId: 1_024, rows: [1, 2, 3].map((n) => executionValues(n)) }]));
  await stage(taken, 'edge-b');
  expect(await carryChunk(toolsOf(), target, leased(done))).toBe('again');
  expect(await carryChunk(toolsOf(), target, leased(taken), failing)).toBe('again');
  expect(await engine.rows('select lease_owner from chunk where batch_id = $1', [taken])).toEqual([{ lease_owner: 'edge-b' }]);
});
