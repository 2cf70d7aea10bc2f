import type { BatchState } from '../../shared/batches/states.ts';
import { ProblemError } from '../../shared/errors/problem.ts';
import { CARRIER_GATES, largeEdgeAt, largeFaults, newUpload, SEGMENT, standOf, STEER_GATES, UPLOAD_GATES, type LargeEdge, type LargeUpload } from './helpers/large.ts';
import { everyOrder, seededOrders, type Choose } from './helpers/orders.ts';
import { expectNone, openScene, type Scene } from './helpers/scene.ts';
import type { Gates, Results, Stage } from './helpers/stage.ts';

const ITEMS = 3 * SEGMENT;
/** An item that the rules refuse. */
const BAD = 6;
const FLUSH: Gates = { 'insert into ledger': ['before', 'within', 'after'] };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(['edge-a', 'edge-b', 'steerer', 'heir', 'writer-a', 'writer-b']);
});
afterAll(() => scene.close());

const edgeOf = (name: string, upload: LargeUpload, writers = ['writer-a', 'writer-b']): LargeEdge => largeEdgeAt(scene.actor(name), writers.map((w) => scene.actor(w)), upload);

/** Ends all leases, some times, whenever that is chosen: whoever holds them sleeps. */
const leasesEnd = (stage: Stage, times: number) => async () => {
  for (let n = 0; n < times; n++) {
    await stage.pass('time', 'the leases end');
    await endLeases();
  }
};
async function endLeases(): Promise<void> {
  await scene.engine.rows(`update chunk set lease_until = now() - interval '1 s'`);
  await scene.engine.rows(`update batch set lease_until = now() - interval '1 s' where state = 'open' and lease_owner is not null`);
}

/** What an actor told: a state, or a problem's code. */
function toldBy(results: Results, name: string): string {
  const result = results[name];
  if (result === undefined) throw new Error(`${name} did not play`);
  if ('error' in result) {
    const problem = ProblemError.from(result.error);
    if (problem === undefined) throw new Error(`${name} failed`, { cause: result.error });
    return problem.data.code;
  }
  return typeof result.value === 'object' && result.value !== null ? (result.value as { state: string }).state : String(result.value);
}

const FINAL: readonly BatchState[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** An edge that nothing holds up does what is left to do; where the batch stands then. */
async function finish(upload: LargeUpload, batchId: string): Promise<Awaited<ReturnType<typeof standOf>>> {
  for (let round = 0; round < 20; round++) {
    const stand = await standOf(scene, batchId);
    if (FINAL.includes(stand.state)) return stand;
    await endLeases();
    const heir = edgeOf('heir', upload, ['writer-b']);
    await heir.endOverdue();
    if (stand.state === 'PAUSED') await heir.steer(batchId, 'resume');
    else if (stand.state === 'RUNNING') await heir.carry(2);
    else if (stand.state !== 'CANCELLING') throw new Error(`nobody goes on with a batch that is ${stand.state}`);
  }
  throw new Error('the batch did not come to its end');
}

/** A batch that is staged whole and was started, carried by two edges; what else happens to it is told by `more`. */
async function carried(choose: Choose, shape: { cuts?: number; mortals?: string[]; leases?: number }, more: (stage: Stage, batchId: string) => Record<string, () => Promise<unknown>> = () => ({})) {
  const upload = newUpload(ITEMS, [BAD]);
  const { batchId } = upload.batch;
  const sender = edgeOf('heir', upload);
  expect(await sender.upload(upload, { start: 'manual' })).toMatchObject({ state: 'READY', accepted: ITEMS });
  await sender.steer(batchId, 'start');
  const { cuts = 0, mortals = [], leases = 3 } = shape;
  const gates = { 'edge-a': CARRIER_GATES, 'edge-b': CARRIER_GATES, 'writer-a': FLUSH, 'writer-b': FLUSH, steerer: STEER_GATES };
  const { results, order } = await scene.play(choose, { gates, cuts, mortals }, (stage) => ({
    'edge-a': () => edgeOf('edge-a', upload).carry(3),
    'edge-b': () => edgeOf('edge-b', upload).carry(3),
    time: leasesEnd(stage, leases),
    ...more(stage, batchId),
  }));
  const stand = await finish(upload, batchId);
  const { withdrawn, faults } = await largeFaults(scene, upload, batchId);
  if (stand.fence !== 'closed') faults.push(`it is ${stand.state}, and its fence is open`);
  if (stand.state === 'COMPLETED' && (stand.staged > 0 || withdrawn > 0)) faults.push(`it is COMPLETED with ${withdrawn} items missing and ${stand.staged} chunks staged`);
  return { results, order, stand, withdrawn, faults };
}

describe('F59 F60 staged chunks', () => {
  test('carried by two edges whose leases end whenever they like, also while a writer commits: all is written, nothing twice', async () => {
    await seededOrders(20, 1, async (choose) => {
      const { order, stand, faults } = await carried(choose, {});
      expectNone([...faults, ...(stand.state === 'COMPLETED' ? [] : [`it is ${stand.state} ${stand.error}`])], order);
    });
  });

  test('F62 with connections cut anywhere, also between a commit and its answer; with an edge or a writer killed', async () => {
    await seededOrders(24, 1_000, async (choose, seed) => {
      const { order, stand, faults } = await carried(choose, seed % 2 === 0 ? { cuts: 2 } : { mortals: ['edge-a', 'writer-a'] });
      expectNone([...faults, ...(stand.state === 'COMPLETED' ? [] : [`it is ${stand.state} ${stand.error}`])], order);
    });
  });

  test('F63 cancelled while chunks are carried, and at the very end: what is told is what it is, and what is withdrawn is never written', async () => {
    const ends = new Set<string>();
    await seededOrders(24, 2_000, async (choose, seed) => {
      const { results, order, stand, withdrawn, faults } = await carried(choose, { leases: 1 }, (stage, batchId) => ({
        async steerer() {
          for (let n = 0; n < (seed % 3) * 12; n++) await stage.pass('steerer', 'thinks it over');
          return edgeOf('steerer', newUpload(1)).steer(batchId, 'cancel');
        },
      }));
      const told = toldBy(results, 'steerer');
      ends.add(`${stand.state}${withdrawn > 0 ? ', some withdrawn' : ''}`);
      expectNone([...faults, ...(told === stand.state || (told === 'not-now' && stand.state === 'COMPLETED') ? [] : [`told ${told}, it is ${stand.state}`])], order);
    });
    expect(ends).toContain('COMPLETED');
    expect(ends).toContain('CANCELLED, some withdrawn');
  });

  test('paused and resumed at any moment, also between the last chunk and the end', async () => {
    await seededOrders(15, 3_000, async (choose) => {
      const { order, stand, faults } = await carried(choose, { leases: 1 }, (_, batchId) => ({
        async steerer() {
          const edge = edgeOf('steerer', newUpload(1));
          await edge.steer(batchId, 'pause');
          return edge.steer(batchId, 'resume');
        },
      }));
      expectNone([...faults, ...(stand.state === 'COMPLETED' ? [] : [`it is ${stand.state} ${stand.error}`])], order);
    });
  });
});

describe('F17 the end of a batch', () => {
  /** A batch whose chunks were all written, but which nobody has closed. */
  async function written(): Promise<LargeUpload> {
    const upload = newUpload(SEGMENT, [BAD % SEGMENT]);
    const edge = edgeOf('heir', upload);
    await edge.upload(upload, { start: 'manual' });
    await edge.steer(upload.batch.batchId, 'start');
    await edge.carry(1);
    await expect(standOf(scene, upload.batch.batchId)).resolves.toMatchObject({ state: 'RUNNING', staged: 0 });
    return upload;
  }
  const COMPLETE: Gates = { "where l.state = 'RUNNING' and l.staged": ['after'], "set state = 'COMPLETED'": ['before', 'within'] };
  const END: Gates = { 'where l.id = $1': ['after'], 'update large_batch set state = $3': ['before'], 'update batch set epoch = epoch + 1, state': ['before', 'within'], 'counts as (': ['before'] };

  test.each(['completed', 'failed by its deadline'])('cancelled while it is %s, in every order: it has one end, which is what is told', async (rival) => {
    const ends = new Set<string>();
    const played = await everyOrder(250, async (choose) => {
      const upload = await written();
      const { batchId } = upload.batch;
      const late = rival !== 'completed';
      const { results, order } = await scene.play(choose, { gates: { 'edge-a': late ? { 'counts as (': ['before'] } : COMPLETE, steerer: END } }, () => ({
        async 'edge-a'() {
          if (late) await scene.engine.rows('update large_batch set deadline_at = now() where id = $1', [batchId]);
          await (late ? edgeOf('edge-a', upload).endOverdue() : edgeOf('edge-a', upload).carry(1));
        },
        steerer: () => edgeOf('steerer', upload).steer(batchId, 'cancel'),
      }));
      const told = toldBy(results, 'steerer');
      const stand = await finish(upload, batchId);
      ends.add(stand.state);
      const wrong = told === stand.state || (told === 'CANCELLING' && stand.state === 'CANCELLED') || (told === 'not-now' && stand.state !== 'CANCELLED') ? [] : [`told ${told}, it is ${stand.state}`];
      expectNone([...wrong, ...(await largeFaults(scene, upload, batchId)).faults], order);
    });
    expect(played).toBeGreaterThan(5);
    expect([...ends].sort()).toEqual(['CANCELLED', rival === 'completed' ? 'COMPLETED' : 'FAILED']);
  });

  test.each([['carried out at once', 'auto', 'COMPLETED'], ['staged', 'manual', 'READY']] as const)('an upload that is %s, paused and resumed while it finishes: it comes to its end', async (_, start, end) => {
    let pausedAtTheEnd = 0;
    await seededOrders(25, 5_000, async (choose) => {
      const upload = newUpload(SEGMENT);
      const edge = edgeOf('edge-a', upload);
      let over = false;
      const { results, order } = await scene.play(choose, { gates: { 'edge-a': { "set state = 'COMPLETED'": ['before', 'after'], 'left_to_start as (': ['before', 'after'], 'where l.id = $1': ['after'] }, steerer: { 'update large_batch set state = $3': ['before', 'after'] } } }, (stage) => ({
        'edge-a': () => edge.upload(upload, { start }).finally(() => (over = true)),
        async steerer() {
          do await stage.pass('steerer', 'waits for the batch');
          while ((await scene.engine.rows('select 1 from large_batch where id = $1', [upload.batch.batchId])).length === 0);
          const steerer = edgeOf('steerer', upload);
          await steerer.steer(upload.batch.batchId, 'pause');
          return steerer.steer(upload.batch.batchId, 'resume');
        },
        async nudge() {
          while (!over) {
            await stage.pass('nudge', 'comes');
            await edge.large.lookAround();
          }
        },
      }));
      const paused = order.lastIndexOf('steerer after "update large_batch set state = $3"');
      if (paused > 0 && order.some((step, at) => /^edge-a before "(set state|left_to_start)/.test(step) && at < paused)) pausedAtTheEnd++;
      const told = toldBy(results, 'edge-a');
      const { state } = await standOf(scene, upload.batch.batchId);
      if (start === 'manual') await edgeOf('heir', upload).steer(upload.batch.batchId, 'start');
      await finish(upload, upload.batch.batchId);
      expectNone([...(told === end && state === end ? [] : [`told ${told}, it was ${state}`]), ...(await largeFaults(scene, upload, upload.batch.batchId)).faults], order);
    });
    expect(pausedAtTheEnd).toBeGreaterThan(0);
  });
});

/** One upload on two connections, at an edge each. */
async function uploaded(choose: Choose, start: 'auto' | 'manual', key: string, more: (stage: Stage, upload: LargeUpload) => Record<string, () => Promise<unknown>> = () => ({})) {
  const upload = newUpload(2 * SEGMENT, [BAD]);
  const how = { key, ...(start === 'manual' ? { start } : {}) };
  const gates = { 'edge-a': UPLOAD_GATES, 'edge-b': UPLOAD_GATES, 'writer-a': FLUSH, steerer: STEER_GATES };
  const { results, order } = await scene.play(choose, { gates }, (stage) => ({
    'edge-a': () => edgeOf('edge-a', upload, ['writer-a']).upload(upload, how),
    'edge-b': () => edgeOf('edge-b', upload, ['writer-a']).upload(upload, how),
    time: leasesEnd(stage, 2),
    ...more(stage, upload),
  }));
  const [claimed] = await scene.engine.rows<{ id: string }>('select batch_id as id from idempotency where key = $1', [key]);
  return { upload, batchId: claimed?.id ?? '', results, order };
}

describe('F60 one upload on two connections', () => {
  test.each([['carried out at once', 'auto', 'COMPLETED'], ['staged', 'manual', 'READY']] as const)('%s, taken over whenever a lease ends, also while the first one finishes: neither makes it fail, and nothing is there twice', async (_, start, end) => {
    const seen = new Set<string>();
    await seededOrders(25, 4_000, async (choose, seed) => {
      const { upload, batchId, results, order } = await uploaded(choose, start, `${start} ${seed}`);
      const told = [toldBy(results, 'edge-a'), toldBy(results, 'edge-b')];
      for (const one of told) seen.add(one);
      const wrong = told.filter((one) => ![end, 'upload-in-progress', 'upload-over'].includes(one)).map((one) => `told ${one}`);
      const before = await standOf(scene, batchId);
      if (before.state === 'FAILED') wrong.push(`it is FAILED: ${before.error}`);
      if (told.includes(end) && before.state !== end) wrong.push(`told ${told.join()}, it is ${before.state}`);
      // Whoever sends it again brings it to its end.
      await endLeases();
      if (before.state === 'RECEIVING') expect(await edgeOf('heir', upload, ['writer-b']).upload(upload, { key: `${start} ${seed}` })).toMatchObject({ state: end });
      if (start === 'manual' && before.state !== 'FAILED') await edgeOf('heir', upload, ['writer-b']).steer(batchId, 'start');
      const stand = await finish(upload, batchId);
      if (stand.state !== 'COMPLETED') wrong.push(`it came to ${stand.state}`);
      expectNone([...wrong, ...(await largeFaults(scene, upload, batchId)).faults], order);
    });
    expect(seen).toContain(end);
    expect(seen).toContain('upload-in-progress');
  });

  test('at one edge: what comes on the first one never goes on with the other\'s, nor ends it', async () => {
    await seededOrders(25, 6_000, async (choose, seed) => {
      const upload = newUpload(3 * SEGMENT, [BAD]);
      const edge = edgeOf('edge-a', upload, ['writer-a']);
      const { results, order } = await scene.play(choose, { gates: { 'edge-a': UPLOAD_GATES, 'writer-a': FLUSH } }, (stage) => ({
        first: () => edge.upload(upload, { key: `one edge ${seed}` }),
        second: () => edge.upload(upload, { key: `one edge ${seed}` }),
        time: leasesEnd(stage, 2),
      }));
      const told = [toldBy(results, 'first'), toldBy(results, 'second')];
      const [claimed] = await scene.engine.rows<{ id: string }>('select batch_id as id from idempotency where key = $1', [`one edge ${seed}`]);
      const stand = await standOf(scene, claimed?.id ?? '');
      const wrong = told.filter((one) => !['COMPLETED', 'upload-in-progress', 'upload-over'].includes(one)).map((one) => `told ${one}`);
      if (stand.state !== 'COMPLETED' || !told.includes('COMPLETED')) wrong.push(`told ${told.join()}, it is ${stand.state} ${stand.error}`);
      expectNone([...wrong, ...(await largeFaults(scene, upload, claimed?.id ?? '')).faults], order);
    });
  });

  test('one that is over, sent again on two connections at once: each is compared, and told that it was there', async () => {
    const upload = newUpload(2 * SEGMENT);
    const edge = edgeOf('edge-a', upload);
    const key = 'sent thrice';
    const { batchId } = await edge.upload(upload, { key });
    await seededOrders(4, 7_000, async (choose) => {
      const { results } = await scene.play(choose, { gates: { 'edge-a': { 'select distinct on (first_index)': ['before'] } } }, () => ({ first: () => edge.upload(upload, { key }), second: () => edge.upload(upload, { key }) }));
      for (const name of ['first', 'second']) expect(results[name]).toMatchObject({ value: { batchId, replayed: true, state: 'COMPLETED', accepted: 2 * SEGMENT } });
    });
    expect((await largeFaults(scene, upload, batchId)).faults).toEqual([]);
  });
});

test('at the end rows and ledger agree over all of it, and the law holds', () => scene.expectLaw());
