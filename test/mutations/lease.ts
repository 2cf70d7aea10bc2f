import type { Area } from './mutation.ts';

const SHARDS = 'shared/db/queries/relay-shards.ts';
const LEASES = 'services/publisher/shard-leases.ts';
const MARK = 'shared/db/queries/relay-mark.ts';

export const lease: Area = {
  name: 'lease',
  tests: ['test/services/publisher/shard-leases.test.ts', 'test/shared/db/queries/relay-mark.test.ts', 'test/services/batcher/take-batch.test.ts', 'test/flow/reaper.test.ts', 'test/interleavings/hand-over.test.ts', 'test/flow/large-staged.test.ts'],
  mutations: [
    { name: 'renews a shard of another epoch', file: SHARDS, from: 'and r.shard = m.shard and r.epoch = m.epoch\nreturning r.shard', to: 'and r.shard = m.shard\nreturning r.shard' },
    { name: 'takes a shard without a new epoch', file: SHARDS, from: 'set owner = $2, epoch = r.epoch + 1', to: 'set owner = $2, epoch = r.epoch' },
    { name: 'takes a shard that is held', file: SHARDS, from: `r.shard = any($3::int2[]) and (r.owner is null or r.until <= now() or`, to: `r.shard = any($3::int2[]) and (r.owner is null or r.until <= now() + interval '1 day' or` },
    { name: 'marks at any epoch', file: MARK, from: 'held.shard = m.shard and held.epoch = m.epoch', to: 'held.shard = m.shard' },
    { name: 'marks twice what was marked by a try whose answer was lost', file: MARK, from: `    and l.delivered + l.dead = m.before\n`, to: '' },
    { name: 'sends at once for an owner that vanished', file: LEASES, from: 'givenBack === true ? asked : now() + this.#o.quarantineMs', to: 'givenBack === true ? asked : now()' },
    { name: 'gives back as clean what may still be under way', file: LEASES, from: 'now >= s.unsettledUntil && now >= s.sendFrom', to: 'now >= s.sendFrom' },
    { name: 'sends after its lease', file: LEASES, from: '=== shard && this.#o.now() < shard.leaseUntil;', to: '=== shard;' },
    { name: 'renews batches that nobody works on', file: 'shared/db/queries/batches.ts', from: `where id = any($3::uuid[]) and lease_owner = $1 and state = 'open'`, to: `where $3::uuid[] is not null and lease_owner = $1 and state = 'open'` },
    { name: 'claims chunks that another edge has leased', file: 'shared/db/queries/staged-chunks.ts', from: '(lease_until is null or lease_until <= now() or lease_until > now() + 10 * $3', to: `(lease_until is null or lease_until <= now() + interval '1 day' or lease_until > now() + 10 * $3` },
  ],
};
