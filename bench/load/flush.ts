/**
 * The writer's flush alone, a chunk a statement, through the writer's own code: ledger rows, fence and records. No edge, no NATS.
 */
import { v7 as uuidv7 } from 'uuid';
import { kindFlush } from '../../services/writer/flush-target.ts';
import { readSettings } from '../../shared/config/load.ts';
import { connectDatabase } from '../../shared/db/connect.ts';
import { flushParameters } from '../../shared/db/queries/flush.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import type { Turn } from '../harness/rounds.ts';
import { columnsOfOrders } from '../harness/order-rows.ts';
import { columnsOfRows } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';
import type { CopyInit, TimedSpec } from './copy.ts';

const DISTINCT_CHUNKS = 20;

serveLoad<Omit<CopyInit, 'prepared'>, TimedSpec, Turn>(async ({ databaseUrl, connections, chunkRows, kind: name = 'execution' }) => {
  const { settings } = readSettings({ POSTGRES_URL: databaseUrl });
  const kinds = await loadKinds('');
  const kind = kinds.find((k) => k.name === name);
  if (kind === undefined) throw new Error(`there is no kind "${name}"`);
  const columnsOf = name === 'order' ? columnsOfOrders : columnsOfRows;
  const database = await connectDatabase(databaseUrl, kinds, settings, { max: connections, applicationName: 'sluice bench' });
  const target = kindFlush(database, kind, settings);
  const chunks = Array.from({ length: DISTINCT_CHUNKS }, (_, i) => columnsOf(i * chunkRows, chunkRows));
  const sliceOf = new Array<number>(chunkRows).fill(0);
  const offsetOf = Array.from({ length: chunkRows }, (_, i) => i);
  let nextId = 1;

  return {
    async run({ seconds }) {
      let done = 0;
      const began = performance.now();
      const worker = async () => {
        while (performance.now() - began < seconds * 1_000) {
          const columns = chunks[done++ % DISTINCT_CHUNKS] ?? {};
          const firstId = nextId;
          nextId += chunkRows;
          const slice = { batchId: uuidv7(), epoch: 0, sole: true, client: 'bench', requested: chunkRows, firstIndex: 0, span: chunkRows, firstId, shard: (firstId >> 10) % settings.shards, rejects: [], receivedAt: new Date().toISOString(), trace: '' };
          const answer = await runStatement(database.pool, target.flush, flushParameters(target, [slice], { sliceOf, offsetOf, columns }, 'bench'), settings.statementTimeout);
          if (Number((answer[0]?.[0] as unknown[] | undefined)?.[0]) !== firstId) throw new Error('a flush wrote nothing');
        }
      };
      await Promise.all(Array.from({ length: connections }, worker));
      return { records: done * chunkRows, seconds: (performance.now() - began) / 1_000 };
    },
    close: () => database.close(),
  };
});
