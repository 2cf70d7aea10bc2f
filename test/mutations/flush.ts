import type { Area } from './mutation.ts';

const FLUSH = 'shared/db/queries/flush.ts';
const WRITE = 'services/writer/write-chunk.ts';

export const flush: Area = {
  name: 'flush',
  tests: ['test/services/writer/write-chunk.test.ts', 'test/services/writer/isolate-failure.test.ts', 'test/services/batcher/take-batch.test.ts', 'test/flow/idempotency.test.ts', 'test/flow/law.test.ts', 'test/flow/test-kind.test.ts', 'test/interleavings/fence.test.ts'],
  mutations: [
    { name: 'writes at any epoch', file: FLUSH, from: 'ok.id = s.batch_id and ok.epoch = s.epoch', to: 'ok.id = s.batch_id' },
    { name: 'does not hold the batch while it writes', file: FLUSH, from: `and state = 'open' for share`, to: `and state = 'open'` },
    { name: 'a sole slice opens a settled batch again', file: FLUSH, from: 'on conflict (id) do nothing\n  returning id, epoch', to: 'on conflict (id) do update set epoch = excluded.epoch\n  returning id, epoch' },
    { name: 'writes the rows of a repeat', file: FLUSH, from: 'where acc.first_ids[r.no] <> 0', to: 'where true' },
    { name: 'counts rejects as if none were', file: FLUSH, from: 's.span - (written[no] ?? 0)', to: '0 * (written[no] ?? 0)' },
    { name: 'gives rows the ids of their neighbours', file: FLUSH, from: `acc.first_ids[r.no] + r.off'`, to: `acc.first_ids[r.no] + r.off + 1'` },
    { name: 'owes Kafka a slice without records', file: FLUSH, from: `case when k.sink = '' or s.written = 0 then`, to: `case when k.sink = '' then` },
    { name: 'forgets the rejects of what it wrote', file: WRITE, from: `if (at === -1) return { outcome: 'written', rejects: slice.rejects };`, to: `if (at === -1) return { outcome: 'written', rejects: [] };` },
    { name: 'cuts otherwise although an earlier try may have written', file: WRITE, from: `if (failure === 'id-conflict' && uncertain) throw`, to: `if (failure === 'id-conflict' && uncertain && tools.attempts < 0) throw` },
    { name: 'starts after its time is over', file: WRITE, from: 'if (tools.now() >= end) throw', to: 'if (tools.now() >= end + 60_000) throw' },
  ],
};
