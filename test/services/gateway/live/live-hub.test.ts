import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { LiveHub, type LiveTools } from '../../../../services/gateway/live/live-hub.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

let hub: LiveHub;
let reads = 0;
const made = (more: Partial<LiveTools> = {}) => {
  reads = 0;
  hub = new LiveHub({ read: async () => ({ read: ++reads }), most: 3, everyMs: 5, lifeMs: 60_000, now: () => performance.now(), onError: () => undefined, ...more });
  return hub;
};
afterEach(() => hub.close());

const textOf = (stream: Readable) => {
  const heard = { text: '' };
  stream.on('data', (piece: Buffer) => (heard.text += piece.toString()));
  return heard;
};
const soon = (condition: () => boolean, what: string) => waitFor(async () => condition(), { timeoutMs: 30_000, what });

const refusal = () => {
  try {
    hub.listen();
    return undefined;
  } catch (error) {
    return error;
  }
};

test('one reading serves all who listen', async () => {
  const texts = [made(), hub, hub].map((one) => textOf(one.listen()));
  await soon(() => texts.every(({ text }) => text.includes('"read":5}')), 'all to hear of the fifth reading');
  expect(reads).toBeLessThanOrEqual(7);
});

test('nothing is read while nobody listens', async () => {
  const stream = made().listen();
  await soon(() => reads > 1, 'a second reading');
  stream.destroy();
  await soon(() => hub.listeners === 0, 'the listener to be gone');
  await sleep(20);
  const before = reads;
  await sleep(40);
  expect(reads).toBe(before);
});

test('listeners are bounded: one more is told to come later', () => {
  made();
  for (let i = 0; i < 3; i++) hub.listen().on('error', () => undefined);
  expect(refusal()).toMatchObject({ status: 503, code: 'too-many-listeners' });
});

test('a listener that does not read is not sent more and more', async () => {
  const stream = made({ read: async () => ({ read: ++reads, filling: 'x'.repeat(40_000) }) }).listen();
  await soon(() => reads > 10, 'ten readings');
  expect(stream.readableLength).toBeLessThan(130_000);
});

test('F47 closing ends every stream, and takes nobody any more', async () => {
  const stream = made().listen();
  const ended = new Promise((resolve) => stream.once('end', resolve));
  stream.resume();
  await hub.close();
  await ended;
  expect(refusal()).toMatchObject({ status: 503 });
});

test('a stream ends after its time, so that its client proves again who it is', async () => {
  const stream = made({ lifeMs: 20 }).listen();
  const ended = new Promise((resolve) => stream.once('end', resolve));
  stream.resume();
  await ended;
  await soon(() => hub.listeners === 0, 'the listener to be gone');
});

test('a reading that fails is passed over; the next one comes', async () => {
  const heard = textOf(made({ read: async () => {
    if (++reads === 1) throw new Error('the database is away');
    return { read: reads };
  } }).listen());
  await soon(() => heard.text.includes('"read":2}'), 'the second reading');
  expect(heard.text).toContain(': no snapshot this time');
});
