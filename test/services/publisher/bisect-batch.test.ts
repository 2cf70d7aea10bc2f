import { LEASE_OVER, sendBisecting } from '../../../services/publisher/bisect-batch.ts';
import type { PartitionSend, SinkFailure } from '../../../services/publisher/sink.ts';

const REFUSED: SinkFailure = { class: 'record-batch', code: 'MESSAGE_TOO_LARGE', message: '', unsettled: false };
const AWAY: SinkFailure = { class: 'cluster', code: 'KafkaJSConnectionError', message: '', unsettled: true };
const yes = () => true;
/** So many messages for partition 0, each of a record of its own; or of these records, as events. */
const messages = (of: number | readonly number[]): PartitionSend => ({
  partition: 0,
  messages: typeof of === 'number' ? Array.from({ length: of }, (_, id) => ({ id, bytes: 1, isEvent: false, payload: null })) : of.map((id) => ({ id, bytes: 1, isEvent: true, payload: null })),
});

/** A broker that refuses record batches with a guilty position, or with more messages than `most`. */
function broker(guilty: readonly number[], most = Infinity) {
  const log: number[] = [];
  const produce = async (from: number, to: number) => {
    if (to - from + 1 > most || guilty.some((g) => g >= from && g <= to)) return { failure: REFUSED };
    const base = log.length;
    for (let i = from; i <= to; i++) log.push(i);
    return { base };
  };
  return { log, produce };
}

test('F65 a refused record batch costs only the guilty message', async () => {
  const { log, produce } = broker([3, 9]);
  const result = await sendBisecting(messages(12), produce, yes);
  expect(result.refused.map((r) => [r.position, r.failure.class])).toEqual([[3, 'message'], [9, 'message']]);
  expect(log).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 10, 11]);
});

test('events of the record of a refused one stay unsent behind it; those before it and of other records go', async () => {
  const { log, produce } = broker([3]);
  const result = await sendBisecting(messages([7, 8, 7, 7, 8, 7, 9, 7]), produce, yes);
  expect(result.refused.map((r) => r.position)).toEqual([3]);
  expect(log).toEqual([0, 1, 2, 4, 6]);
  expect(result.acked.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual([0, 1, 2, 4, 6]);
});

test('a record batch that was only too large arrives in order, and its offsets are known', async () => {
  const { log, produce } = broker([], 3);
  const result = await sendBisecting(messages(10), produce, yes, REFUSED);
  expect(log).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(result).toEqual({ partition: 0, acked: [{ from: 0, to: 9, base: 0 }], refused: [] });
});

test('any other failure ends it, and what was acknowledged before stays acknowledged', async () => {
  let calls = 0;
  const result = await sendBisecting(messages(4), async (from) => (calls++ === 0 ? { base: 70 + from } : { failure: AWAY }), yes, REFUSED);
  expect(result).toEqual({ partition: 0, acked: [{ from: 0, to: 1, base: 70 }], refused: [], failure: AWAY });
});

test('no request begins once the lease is over', async () => {
  const { log, produce } = broker([]);
  await expect(sendBisecting(messages(4), produce, () => false)).resolves.toMatchObject({ acked: [], failure: LEASE_OVER });
  expect(log).toEqual([]);
});
