import { v7 as uuidv7 } from 'uuid';
import type { BatchOutcome, TakeBatch } from '../../shared/contracts/actions.ts';
import { changeRecord } from '../../services/writer/change-record.ts';
import { postgresUrl } from '../helpers/addresses.ts';
import { chunkOf } from '../helpers/engine.ts';
import { execution } from '../helpers/executions.ts';
import { targetOf, tcpProxy, throughProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { openActor, type Actor } from './helpers/actor.ts';
import { takeAt, toldBy } from './helpers/edge.ts';
import { newBatch, openScene, type Scene } from './helpers/scene.ts';

/** Everything that this actor says to PostgreSQL goes through a wire that can be cut. */
let scene: Scene;
let proxy: TcpProxy;
let afar: Actor;
beforeAll(async () => {
  proxy = await tcpProxy(targetOf(postgresUrl()));
  scene = await openScene([]);
  afar = await openActor(scene.engine, 'afar', throughProxy(scene.engine.url, proxy));
});
afterAll(async () => {
  await afar.close();
  await scene.close();
  await proxy.close();
});

/** Does the work; the connection is cut when PostgreSQL has carried out this statement, and before its answer arrives. */
async function losingAnswerOf<T>(piece: string, work: () => Promise<T>): Promise<T> {
  await Promise.all([afar.pool.query('select 1'), afar.pool.query('select 1')]);
  const sent = proxy.whenSent(piece);
  const done = work();
  done.catch(() => undefined);
  await sent;
  proxy.answers('closed');
  // PostgreSQL tells of a backend that is idle again only after the commit.
  await waitFor(async () => (await scene.engine.rows(`select 1 from pg_stat_activity where application_name = 'afar' and state = 'active'`)).length === 0, { what: 'PostgreSQL to have carried it out' });
  proxy.cut();
  proxy.answers('open');
  return done;
}

const items = (marks: readonly string[]) => marks.map((securityId, i) => execution({ securityId, ...(i === 3 ? { quantity: 0 } : {}) }));
const take = (params: Pick<TakeBatch, 'batchId' | 'items'> & Partial<TakeBatch>, ids: () => number) => takeAt(afar, { segmentRows: 5, writers: [afar], nextBlock: () => ids() / 1_024 }, params);

/** The answers of a request that loses the answer of one statement, and of its repeat under the same key; what is wrong with them. */
async function asked(piece: string, key: string): Promise<{ answer: BatchOutcome; again: BatchOutcome; faults: string[] }> {
  const batch = newBatch(12);
  const params = { items: items(batch.marks), key: { key, sha: 'cd'.repeat(32) } };
  const answer = await losingAnswerOf(piece, () => take({ batchId: uuidv7(), ...params }, batch.ids));
  const again = await take({ batchId: uuidv7(), ...params }, batch.ids);
  return { answer, again, faults: await scene.faults({ batchId: answer.batchId, told: toldBy(answer, batch.marks) }, { batchId: again.batchId, told: toldBy(again, batch.marks) }) };
}

describe('F62 F17 the connection is cut between a commit and its answer', () => {
  test.each(['claim-key', 'flush-execution', 'close-batch'])('of "%s": nothing is written twice, the answer is true, and so is that of a repeat', async (piece) => {
    for (let round = 0; round < 4; round++) {
      const { answer, again, faults } = await asked(piece, `${piece} ${round}`);
      expect(faults).toEqual([]);
      expect(answer).toMatchObject({ state: 'closed', replayed: false, withdrawn: [] });
      expect(again).toMatchObject({ batchId: answer.batchId, ids: answer.ids, replayed: true });
    }
  });

  test('of the flush of a batch without a key', async () => {
    for (let round = 0; round < 4; round++) {
      const batch = newBatch(8);
      const answer = await losingAnswerOf('flush-execution', () => take({ batchId: batch.batchId, items: items(batch.marks) }, batch.ids));
      expect(answer.withdrawn).toEqual([]);
      expect(await scene.faults({ batchId: batch.batchId, told: toldBy(answer, batch.marks) })).toEqual([]);
    }
  });

  test('of settling: the batch is settled, and told as it is', async () => {
    for (let round = 0; round < 4; round++) {
      const batch = newBatch(12);
      // Nothing of it can be written, so that it ends by being settled.
      const answer = await losingAnswerOf('settle-batch', async () => {
        return takeAt(afar, { segmentRows: 5, writers: [{ ...afar, write: () => Promise.reject(new Error('broken')) }], nextBlock: () => batch.ids() / 1_024 }, { batchId: batch.batchId, items: items(batch.marks) });
      });
      expect(answer).toMatchObject({ state: 'closed', withdrawnCode: 'withdrawn-unavailable' });
      expect(await scene.faults({ batchId: batch.batchId, told: toldBy(answer, batch.marks) })).toEqual([]);
    }
  });

  test('of a change: the repeat with its batch id tells that it was made, and makes nothing', async () => {
    for (let round = 0; round < 4; round++) {
      const batch = newBatch(1);
      const id = batch.ids();
      await scene.engine.write(chunkOf('execution', [{ batchId: batch.batchId, firstId: id, rows: batch.rows }]));
      const change = { kind: 'execution', id, body: { quantityFilled: '10.00000000' }, version: 1, batchId: uuidv7(), client: 'anonymous', deadlineMs: 5_000, trace: '' };
      expect(await scene.faults({ batchId: batch.batchId, told: [{ mark: batch.marks[0] ?? '', fate: 'stored', id }] })).toEqual([]);
      const { record, table, columns } = afar.flush.execution;
      const make = () => changeRecord(afar.tools.fork(), { record, table, columns }, change, 'afar', scene.engine.settings);
      await expect(losingAnswerOf('commit', make)).rejects.toThrow();
      // Connections that idled were cut too, and show it when they are used, as they do to the edge that tries again.
      expect(await waitFor(make, { what: 'a connection that works' })).toMatchObject({ outcome: 'repeat', row: { version: '2' } });
      await expect(scene.engine.rows(`select version from ledger where batch_id = $1`, [change.batchId])).resolves.toEqual([{ version: 2 }]);
    }
  });

  test('at the end rows and ledger agree over all of it, and the law holds', () => scene.expectLaw());
});
