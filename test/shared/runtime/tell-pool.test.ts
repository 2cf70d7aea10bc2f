import pg from 'pg';
import { PoolWatch } from '../../../shared/db/pool-watch.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { samplePool } from '../../../shared/runtime/tell-pool.ts';
import { postgresUrl } from '../../helpers/addresses.ts';

let pool: pg.Pool;
let watch: PoolWatch;
beforeAll(() => {
  pool = new pg.Pool({ connectionString: postgresUrl(), max: 4 });
  watch = new PoolWatch(pool, () => performance.now());
});
afterAll(() => pool.end());

const sample = () => samplePool({ nodeId: 'n', services: ['writer'], settings: { heldConnection: 30_000, acquireTimeout: 100 }, database: { pool, watch } } as unknown as NodeContext);

test('F12 utilization is over the maximum, not over what happens to be open: one of one open is a quarter of four', async () => {
  expect(sample()).toMatchObject({ active: 0, idle: 0, waiting: 0, max: 4, utilization: 0 });
  const client = await pool.connect();
  expect(sample()).toMatchObject({ active: 1, idle: 0, utilization: 0.25 });
  client.release();
  expect(sample()).toMatchObject({ active: 0, idle: 1, utilization: 0 });
});

test('who waits for a connection is counted', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
  const fifth = pool.connect();
  expect(sample()).toMatchObject({ active: 4, waiting: 1, utilization: 1 });
  for (const client of clients) client.release();
  (await fifth).release();
});
