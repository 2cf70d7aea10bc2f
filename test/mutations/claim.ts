import type { Area } from './mutation.ts';

const BATCHES = 'shared/db/queries/batches.ts';
const KEY = 'services/batcher/batch-key.ts';

export const claim: Area = {
  name: 'claim',
  tests: ['test/shared/db/queries/batches.test.ts', 'test/interleavings/lost-answers.test.ts', 'test/flow/idempotency.test.ts', 'test/services/batcher/take-batch.test.ts', 'test/flow/reaper.test.ts', 'test/interleavings/fence.test.ts', 'test/interleavings/same-key.test.ts'],
  mutations: [
    { name: 'does not see that the first item is missing', file: 'services/batcher/settle.ts', from: 'for (let i = 0; i < requested; i++) if (covered[i] === 0)', to: 'for (let i = 1; i < requested; i++) if (covered[i] === 0)' },
    { name: 'takes over without a fence', file: BATCHES, from: 'update batch set epoch = epoch + 1, lease_owner = $3', to: 'update batch set epoch = epoch, lease_owner = $3' },
    { name: 'settles nothing that is open', file: BATCHES, from: `on conflict (id) do update set epoch = batch.epoch + 1, state = 'closed', closed_at = coalesce(batch.closed_at, now()), lease_owner = null, lease_until = null`, to: 'on conflict (id) do nothing' },
    { name: 'a key is claimed twice', file: BATCHES, from: `on conflict (client, key) do nothing returning batch_id\n)`, to: `on conflict (client, key) do update set batch_id = excluded.batch_id returning batch_id\n)` },
    { name: 'any body will do for a key', file: BATCHES, from: `select i.sha = decode($3, 'hex') as same`, to: `select i.sha = i.sha or $3 = '' as same` },
    { name: 'a key that came to nothing is kept', file: KEY, from: `if (!cameToNothing(answer)) return { start: 'replay', batch, answer };`, to: `if (!cameToNothing(answer) || answer.ids.length > 0) return { start: 'replay', batch, answer };` },
    { name: 'does not know its own claim whose answer was lost', file: KEY, from: `if (batchId === fresh.batchId && state === 'open' && epoch === 0) return`, to: `if (batchId === fresh.batchId && state === 'open' && epoch < 0) return` },
    { name: 'takes over from who is alive', file: KEY, from: `if (state === 'open' && due) {`, to: `if (state === 'open' && due !== null) {` },
    { name: 'tells a refused item as stored', file: 'services/batcher/settle.ts', from: '      ids[reject[0]] = 0;\n', to: '' },
    { name: 'a late release frees the key of another batch', file: BATCHES, from: 'delete from idempotency where client = $1 and key = $2 and batch_id = $3', to: 'delete from idempotency where client = $1 and key = $2 and $3::uuid is not null' },
  ],
};
