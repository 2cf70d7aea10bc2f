import { pino } from 'pino';
import { CallsInHand } from '../../../services/batcher/calls-in-hand.ts';
import { Slots } from '../../../services/batcher/slots.ts';
import { FIRST_PATIENCE_MS, OVERDUE_MS, WriterWatch } from '../../../services/batcher/writer-watch.ts';

/** A question to a writer, to be answered when the test says so. */
interface Question {
  nodeId: string;
  calls: string[];
  timeoutMs: number;
  answer: (has: string[]) => void;
  fail: (type: string) => void;
}

/** A watch over two writers, with calls that never end by themselves. */
function watching() {
  let now = 0;
  let reachable = true;
  const calls = new CallsInHand(() => now);
  const slots = new Slots();
  slots.update([{ nodeId: 'w0', slots: 2, most: 4 }, { nodeId: 'w1', slots: 2, most: 4 }], 1);
  const questions: Question[] = [];
  const watch = new WriterWatch({
    calls, slots, log: pino({ level: 'silent' }), trusted: () => undefined, reachable: () => reachable,
    ask: (nodeId, asked, timeoutMs) => new Promise((resolve, reject) => questions.push({ nodeId, calls: asked, timeoutMs, answer: resolve, fail: (type) => reject(Object.assign(new Error(type), { type })) })),
  });
  const settled = async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    calls, slots, questions,
    /** A chunk at a writer; answers the call's id, and its end when it has one. */
    out: (nodeId: string): { id: string; ended: () => string | undefined; end: () => void } => {
      let [ended, id, end]: [string | undefined, string, () => void] = [undefined, '', () => undefined];
      calls.wait(nodeId, (own) => {
        id = own;
        return new Promise<void>((resolve) => (end = resolve));
      }).then(() => (ended = 'answered'), (error: unknown) => (ended = (error as { type: string }).type));
      return { id, ended: () => ended, end: () => end() };
    },
    look: async (laterMs: number): Promise<Question[]> => {
      now += laterMs;
      const before = questions.length;
      void watch.look();
      await settled();
      return questions.slice(before);
    },
    settled,
    cutOff: () => (reachable = false),
  };
}
const nodesOf = (asked: readonly Question[]) => asked.map(({ nodeId }) => nodeId);
const takenBy = (slots: Slots, times: number) => Array.from({ length: times }, () => {
  const slot = slots.take(1_000_000, true);
  return 'nodeId' in slot ? slot.nodeId : undefined;
});

test('a writer is asked for what is overdue, once at a time, and for nothing before', async () => {
  const { out, look } = watching();
  const chunk = out('w0');
  expect(await look(OVERDUE_MS)).toEqual([]);
  const asked = await look(1);
  expect(asked).toMatchObject([{ nodeId: 'w0', calls: [chunk.id] }]);
  expect(await look(1_000)).toEqual([]);
});

test('who has been asked is given nothing before it answers, while another answers', async () => {
  const { out, look, slots, settled } = watching();
  expect(takenBy(slots, 2)).toEqual(['w0', 'w1']);
  const chunk = out('w0');
  const [question] = await look(OVERDUE_MS + 1);
  expect(takenBy(slots, 3)).toEqual(['w1', 'w1', undefined]);
  question?.answer([chunk.id]);
  await settled();
  expect(takenBy(slots, 3)).toEqual(['w0', 'w0', undefined]);
});

test('a writer that has the chunk in hand keeps it, however long it takes: slow is not dead, and nothing is flushed twice', async () => {
  const { out, look, settled } = watching();
  const chunk = out('w0');
  for (let i = 0; i < 50; i++) {
    const [question] = await look(OVERDUE_MS + 1);
    question?.answer([chunk.id]);
    await settled();
  }
  expect(chunk.ended()).toBeUndefined();
  chunk.end();
  await settled();
  expect(chunk.ended()).toBe('answered');
});

test('a silent writer loses all it holds to one that answers', async () => {
  const { out, look, settled } = watching();
  const [overdue, other] = [out('w0'), out('w1')];
  const asked = await look(OVERDUE_MS + 1);
  expect(nodesOf(asked)).toEqual(['w0', 'w1']);
  const late = out('w0');
  asked[1]?.answer([other.id]);
  asked[0]?.fail('REQUEST_TIMEOUT');
  await settled();
  expect([overdue.ended(), late.ended(), other.ended()]).toEqual(['CALL_RECALLED', 'CALL_RECALLED', undefined]);
  // Asked on, though it holds nothing any more: until it answers it gets nothing.
  expect(nodesOf(await look(1))).toContain('w0');
});

test('where no other writer answers, nothing is recalled: there is nobody to give it to', async () => {
  const { out, look, settled } = watching();
  const chunks = [out('w0'), out('w1')];
  for (const question of await look(OVERDUE_MS + 1)) question.fail('REQUEST_TIMEOUT');
  await settled();
  expect(chunks.map(({ ended }) => ended())).toEqual([undefined, undefined]);
});

test('a writer that was only busy is borne with for longer the next time, so that load makes no more of itself', async () => {
  const { look, out, settled } = watching();
  const patience: number[] = [];
  for (let i = 0; i < 6; i++) {
    out('w0');
    const [first] = await look(OVERDUE_MS + 1);
    patience.push(first?.timeoutMs ?? 0);
    first?.fail('REQUEST_TIMEOUT');
    await settled();
    (await look(1))[0]?.answer([]);
    await settled();
  }
  expect(patience).toEqual([1, 2, 4, 8, 8, 8].map((times) => times * FIRST_PATIENCE_MS));
});

test('a chunk that its writer does not have is lost only when it was missing twice: its answer may be on its way', async () => {
  const { out, look, settled } = watching();
  const chunk = out('w0');
  (await look(OVERDUE_MS + 1))[0]?.answer([]);
  await settled();
  expect(chunk.ended()).toBeUndefined();
  (await look(1))[0]?.answer([]);
  await settled();
  expect(chunk.ended()).toBe('CALL_RECALLED');
});

test('without NATS nobody is asked, and a silence says nothing', async () => {
  const { out, look, settled, cutOff } = watching();
  const chunk = out('w0');
  const [question] = await look(OVERDUE_MS + 1);
  cutOff();
  question?.fail('REQUEST_TIMEOUT');
  await settled();
  expect(await look(10_000)).toEqual([]);
  expect(chunk.ended()).toBeUndefined();
});

test('a writer that cannot be asked is left in peace', async () => {
  const { out, look, settled, slots } = watching();
  const chunk = out('w0');
  (await look(OVERDUE_MS + 1))[0]?.fail('SERVICE_NOT_FOUND');
  await settled();
  expect(slots.doubted()).toEqual([]);
  expect(chunk.ended()).toBeUndefined();
});
