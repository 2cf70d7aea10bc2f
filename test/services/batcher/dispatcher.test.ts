import { pino } from 'pino';
import { Dispatcher } from '../../../services/batcher/dispatcher.ts';
import { WriteQueue, type Entry } from '../../../services/batcher/queue.ts';
import { Slots } from '../../../services/batcher/slots.ts';
import type { Lane } from '../../../shared/contracts/large.ts';
import type { Chunk, Slice, SliceOutcome } from '../../../shared/contracts/slices.ts';

/** A call of a writer, to be answered when the test says so. */
interface Call {
  nodeId: string;
  chunk: Chunk;
  answer(): void;
  fail(type: string): void;
}

/** A dispatcher over writers that answer when they are told to; time stands still unless it is moved. */
function started(writers: number, slotsEach: number) {
  const slots = new Slots();
  slots.update(Array.from({ length: writers }, (_, i) => ({ nodeId: `w${i}`, slots: slotsEach, most: slotsEach })), 1);
  const calls: Call[] = [];
  const timers: (() => void)[] = [];
  let now = 0;
  const dispatcher = new Dispatcher(new WriteQueue(), slots, { aimRows: 500, maxRows: 2_000, maxBytes: 524_288, interactiveShare: 0.25, lanes: { high: 6, normal: 3, low: 1 } }, {
    write: (nodeId, chunk) =>
      new Promise<SliceOutcome[]>((resolve, reject) => {
        calls.push({ nodeId, chunk, answer: () => resolve(chunk.slices.map(() => ({ outcome: 'written', rejects: [] }))), fail: (type) => reject(Object.assign(new Error(type), { type })) });
      }),
    now: () => now,
    log: pino({ level: 'silent' }),
    onHandover: () => undefined,
    onWritten: () => undefined,
    onBacklog: () => undefined,
    after: (_, run) => timers.push(run),
  });
  /** Lets the event loop turn a few times, and rings timers. */
  const turn = async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const ring = async (ms: number) => {
    now += ms;
    for (const run of timers.splice(0)) run();
    await turn();
  };
  return { dispatcher, calls, turn, ring };
}

let made = 0;
function entry(rows: number, lane?: Lane): Entry & { outcomes: SliceOutcome[] | undefined; error: unknown } {
  const batchId = `b${made++}`;
  const slice: Slice = { batchId, epoch: 0, sole: true, client: 'c', requested: rows, firstIndex: 0, span: rows, firstId: 1, shard: 0, rejects: [], receivedAt: '', trace: '' };
  const one: Entry & { outcomes: SliceOutcome[] | undefined; error: unknown } = {
    kind: 'execution', ...(lane === undefined ? {} : { lane }), batchId, slices: [slice], items: rows, sliceOf: Array<number>(rows).fill(0), offsetOf: Array.from({ length: rows }, (_, i) => i), columns: {}, bytes: rows * 100,
    requestId: batchId, enqueuedAt: 0, deadlineAt: 60_000, handedOverAt: undefined, lost: false, settled: false, outcomes: undefined, error: undefined,
    done: (outcomes) => {
      one.outcomes = outcomes;
      one.settled = true;
    },
    failed: (error) => {
      one.error = error;
    },
  };
  return one;
}
const idsOf = (call: Call | undefined) => call?.chunk.slices.map((s) => s.batchId);

test('a lone request waits for nothing: it is handed over in the turn in which it came', async () => {
  const { dispatcher, calls } = started(2, 2);
  const lone = entry(1);
  dispatcher.enqueue([lone]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls.map(idsOf)).toEqual([[lone.batchId]]);
});

test('requests that wait while a flush is under way go together in the next one', async () => {
  const { dispatcher, calls, turn } = started(1, 1);
  const all = Array.from({ length: 40 }, () => entry(1));
  dispatcher.enqueue(all.slice(0, 1));
  await turn();
  for (const one of all.slice(1)) dispatcher.enqueue([one]);
  await turn();
  expect(calls).toHaveLength(1);
  calls[0]?.answer();
  await turn();
  expect(calls).toHaveLength(2);
  expect(idsOf(calls[1])?.toSorted()).toEqual(all.slice(1).map((e) => e.batchId).toSorted());
});

test('a writer that dies: the same slices go to another, and the entry knows that it may still be written there', async () => {
  const { dispatcher, calls, turn, ring } = started(2, 1);
  const one = entry(3);
  dispatcher.enqueue([one]);
  await turn();
  calls[0]?.fail('REQUEST_REJECTED');
  await turn();
  await ring(1_000);
  expect(calls).toHaveLength(2);
  expect(calls[1]?.nodeId).not.toBe(calls[0]?.nodeId);
  expect(calls[1]?.chunk).toEqual(calls[0]?.chunk);
  expect(one.lost).toBe(true);
  calls[1]?.answer();
  await turn();
  expect(one.outcomes).toHaveLength(1);
});

test('a full writer is asked again later, nothing is lost, and the entry is not under suspicion', async () => {
  const { dispatcher, calls, turn, ring } = started(1, 1);
  const one = entry(3);
  dispatcher.enqueue([one]);
  await turn();
  calls[0]?.fail('QUEUE_FULL');
  await turn();
  await ring(1_000);
  expect(calls).toHaveLength(2);
  expect(one.lost).toBe(false);
});

test('what fails otherwise is told to those who wait', async () => {
  const { dispatcher, calls, turn } = started(1, 1);
  const one = entry(1);
  dispatcher.enqueue([one]);
  await turn();
  calls[0]?.fail('OUTCOME_UNKNOWN');
  await turn();
  expect(one.error).toMatchObject({ type: 'OUTCOME_UNKNOWN' });
});

test('F43 large batches leave requests that clients wait for their share of the slots, while such requests come', async () => {
  const { dispatcher, calls, turn, ring } = started(2, 2);
  const lone = entry(1);
  dispatcher.enqueue([lone]);
  await turn();
  calls[0]?.answer();
  dispatcher.enqueue(Array.from({ length: 12 }, () => entry(500, 'normal')));
  await turn();
  expect(calls).toHaveLength(1 + 3);
  // Chunks that have been away for long hold up no small one.
  const next = entry(1);
  dispatcher.enqueue([next]);
  await turn();
  await ring(1_000);
  expect(calls.map(idsOf)).toContainEqual([next.batchId]);
});

test('while nobody waits for a request, large batches have all slots; the first one to come is next', async () => {
  const { dispatcher, calls, turn, ring } = started(2, 2);
  dispatcher.enqueue(Array.from({ length: 12 }, () => entry(500, 'normal')));
  await turn();
  expect(calls).toHaveLength(4);
  await ring(1_000);
  const lone = entry(1);
  dispatcher.enqueue([lone]);
  await turn();
  calls[0]?.answer();
  await turn();
  expect(idsOf(calls[4])).toEqual([lone.batchId]);
});

test('chunks of large batches are short while requests come, so that these wait for short ones only', async () => {
  const { dispatcher, calls, turn } = started(1, 1);
  const sameBatch = Array.from({ length: 4 }, () => ({ ...entry(500, 'normal'), batchId: 'one' }));
  dispatcher.enqueue(sameBatch);
  await turn();
  expect(calls[0]?.chunk.slices.reduce((rows, slice) => rows + slice.span, 0)).toBe(2_000);
  const { dispatcher: beside, calls: short, turn: again } = started(1, 1);
  beside.enqueue([entry(1)]);
  await again();
  beside.enqueue(sameBatch);
  short[0]?.answer();
  await again();
  expect(short[1]?.chunk.slices.reduce((rows, slice) => rows + slice.span, 0)).toBe(500);
});

test('F43 a large batch is never without a slot for long, however many requests come', async () => {
  const { dispatcher, calls, turn } = started(2, 2);
  for (let i = 0; i < 30; i++) dispatcher.enqueue([entry(500)]);
  const large = entry(500, 'low');
  dispatcher.enqueue([large]);
  await turn();
  expect(calls.slice(0, 4).flatMap((call) => idsOf(call) ?? [])).toContain(large.batchId);
});

test('items of large batches don\'t count as what clients wait for', async () => {
  const { dispatcher, calls, turn } = started(2, 2);
  dispatcher.enqueue([entry(500, 'normal'), entry(600)]);
  await turn();
  expect(calls).toHaveLength(2);
  expect(dispatcher.handedOver).toBe(600);
  expect(dispatcher.inHand).toEqual({ requests: 600, high: 0, normal: 500, low: 0 });
  for (const call of calls) call.answer();
  await turn();
  expect(dispatcher.inHand).toEqual({ requests: 0, high: 0, normal: 0, low: 0 });
});
