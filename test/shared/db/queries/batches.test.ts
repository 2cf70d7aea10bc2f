import { v7 as uuidv7 } from 'uuid';
import { CLAIM_KEY, RELEASE_KEY } from '../../../../shared/db/queries/batches.ts';
import { startEngine, type Engine } from '../../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const claim = async (batchId: string, key: string) => (await engine.pool.query(CLAIM_KEY.text, [batchId, 'execution', 'c', 1, new Date(), 'edge', 15_000, key, 'ab'.repeat(32), null])).rowCount;
const release = async (batchId: string, key: string) => (await engine.pool.query(RELEASE_KEY.text, ['c', key, batchId])).rowCount;

test('a key is claimed by one batch; a release that comes late frees nothing of the batch that has it now', async () => {
  const [first, second] = [uuidv7(), uuidv7()];
  expect([await claim(first, 'k'), await claim(second, 'k')]).toEqual([1, 0]);
  await release(first, 'k');
  expect(await claim(second, 'k')).toBe(1);
  expect(await release(first, 'k')).toBe(0);
  expect(await claim(uuidv7(), 'k')).toBe(0);
});
