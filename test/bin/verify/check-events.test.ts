import { EventCheck, type OwedEvent } from '../../../bin/verify/check-events.ts';
import type { ReadMessage } from '../../../bin/verify/check-topic.ts';
import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';

const PARTITIONS = 3;
const A = '01930000-0000-7000-8000-00000000000a';
const partition = partitionOfKey(A, PARTITIONS);

const message = (number: number, offset: number, over: Partial<ReadMessage> = {}): ReadMessage =>
  ({ partition, offset: String(offset), key: A, eventId: `batch:${A}:${number}`, value: JSON.stringify({ batchId: A, number }), ...over });
const owed = (number: number, offset: number | null, over: Partial<OwedEvent> = {}): OwedEvent =>
  ({ kind: 'batch', key: A, version: number, batchId: A, firstIndex: number - 1, delivered: offset !== null, inScope: true, place: offset === null ? null : { partition, offset }, ...over });

function check(messages: readonly ReadMessage[], events: readonly OwedEvent[], truncated: number[] = []) {
  const topic = new EventCheck({ topic: 'batches', partitions: PARTITIONS, truncated: new Set(truncated), most: 10 });
  for (const one of messages) topic.note(one);
  for (const one of events) topic.compare(one);
  const verdict = topic.finish();
  return { verdict, breaches: topic.breaches.map((b) => b.what) };
}

test('events that lie where the ledger says are accounted for; a repeat is counted, one not yet delivered is not missed', () => {
  expect(check([message(1, 0), message(1, 1), message(2, 2)], [owed(1, 1), owed(2, 2), owed(3, null)])).toEqual({ verdict: { messages: 3, records: 2, duplicates: 1, missing: 0, unknown: 0, expired: 0 }, breaches: [] });
});

test('events that went together and came again together are repeats, and none of them goes back', () => {
  expect(check([message(1, 0), message(2, 1), message(3, 2), message(1, 3), message(2, 4), message(3, 5)], [owed(1, 3), owed(2, 4), owed(3, 5)])).toMatchObject({ verdict: { duplicates: 3 }, breaches: [] });
});

test.each<[string, ReadMessage[], OwedEvent[]]>([
  ['message-missing', [message(1, 0)], [owed(1, 0), owed(2, 1)]],
  ['message-elsewhere', [message(1, 5)], [owed(1, 0)]],
  ['message-unknown', [message(1, 0), message(2, 1)], [owed(1, 0)]],
  ['version-back', [message(2, 0), message(1, 1)], [owed(1, 1), owed(2, 0)]],
  ['wrong-partition', [message(1, 0, { partition: (partition + 1) % PARTITIONS })], [owed(1, 0, { place: { partition: (partition + 1) % PARTITIONS, offset: 0 } })]],
  ['message-unreadable', [message(1, 0, { eventId: 'execution:1:1' })], []],
  ['message-unreadable', [message(1, 0, { value: JSON.stringify({ batchId: A, number: 2 }) })], []],
])('%s is named', (what, messages, events) => {
  expect(check(messages, events).breaches).toEqual([what]);
});

test('what the topic has removed is expired, not missing', () => {
  expect(check([], [owed(1, 0)], [partition])).toMatchObject({ verdict: { missing: 0, expired: 1 }, breaches: [] });
});

test('items that were handed out are held against the ledger by item and attempt; an attempt that was replayed comes late, and is none the worse', () => {
  const key = `${A}:7`;
  const at = partitionOfKey(key, PARTITIONS);
  const out = (attempt: number, offset: number, over: Partial<ReadMessage> = {}): ReadMessage =>
    ({ partition: at, offset: String(offset), key, eventId: `item:${key}:${attempt}`, value: JSON.stringify({ batchId: A, index: 7, attempt, idempotencyKey: key }), ...over });
  const owes = (attempt: number, offset: number): OwedEvent => ({ kind: 'item', key, version: attempt, batchId: A, firstIndex: 90 + attempt, delivered: true, inScope: true, place: { partition: at, offset } });
  expect(check([out(2, 0), out(1, 1)], [owes(1, 1), owes(2, 0)])).toMatchObject({ verdict: { records: 2 }, breaches: [] });
  expect(check([out(1, 0)], [owes(1, 0), owes(2, 1)]).breaches).toEqual(['message-missing']);
  expect(check([out(1, 0, { value: JSON.stringify({ attempt: 1, idempotencyKey: `${A}:8` }) })], []).breaches).toEqual(['message-unreadable']);
});
