import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';
import { TopicCheck, type OwedRow, type ReadMessage } from '../../../bin/verify/check-topic.ts';

const PARTITIONS = 4;
const BATCH = '01930000-0000-7000-8000-00000000000a';

function message(id: number, version = 1, over: Partial<ReadMessage> = {}): ReadMessage {
  return { partition: partitionOfKey(String(id), PARTITIONS), offset: '7', key: String(id), eventId: `execution:${id}:${version}`, value: JSON.stringify({ id, version }), ...over };
}

/** A slice of 5 from id 1,022 on, so that it lies in two blocks; its third item was refused. */
function slice(over: Partial<OwedRow> = {}): OwedRow {
  return { batchId: BATCH, firstIndex: 10, op: 'insert', kind: 'execution', finished: true, inScope: true, firstId: 1_022, span: 5, version: 1, delivered: 4, superseded: 0, rejected: [12, 12], letters: [], ...over };
}
const update = (id: number, version: number, over: Partial<OwedRow> = {}): OwedRow => slice({ op: 'update', firstIndex: 0, firstId: id, span: 1, version, delivered: 1, rejected: [], ...over });
const GOOD = [1_022, 1_023, 1_025, 1_026];

function run(messages: readonly ReadMessage[], rows: readonly OwedRow[], { truncated = new Set<number>(), most = 10, given = undefined as ReadonlyMap<string, number> | undefined } = {}) {
  const check = new TopicCheck({ topic: 'orders', partitions: PARTITIONS, truncated, most, given });
  for (const m of messages) {
    const named = check.note(m);
    if (named !== undefined) check.unclaimed(named, m.partition);
  }
  for (const row of rows) if (row.op === 'update') check.made(row.kind, row.firstId, row.version);
  for (const row of rows) check.compare(row);
  return { ...check.finish(), breaches: check.breaches.map(({ what, where, expected, found }) => ({ what, id: where.id, expected, found })), more: check.more };
}

test('every record once, versions after each other: nothing to tell', () => {
  expect(run([...GOOD.map((id) => message(id)), message(1_023, 2)], [slice(), update(1_023, 2)])).toEqual({ messages: 5, records: 4, duplicates: 0, missing: 0, unknown: 0, expired: 0, breaches: [], more: false });
});

test('a message may show its record as a later version left it, if that version was made', () => {
  const ahead = message(1_022, 1, { value: '{"id":1022,"version":2}' });
  const rest = [message(1_022, 2), ...GOOD.slice(1).map((id) => message(id))];
  expect(run([ahead, ...rest], [slice(), update(1_022, 2)])).toMatchObject({ unknown: 0, missing: 0, breaches: [] });
  expect(run([message(1_022, 2, { value: '{"id":1022,"version":3}' }), ...rest], [slice(), update(1_022, 2)])).toMatchObject({ unknown: 1, breaches: [{ what: 'version-unknown', id: 1_022, expected: 2, found: 3 }] });
});

test('a repeat is counted and is no breach', () => {
  expect(run([...GOOD, 1_022, 1_022].map((id) => message(id)), [slice()])).toMatchObject({ messages: 6, records: 4, duplicates: 2, breaches: [] });
});

test('a message that is missing is named', () => {
  expect(run([1_022, 1_023, 1_026].map((id) => message(id)), [slice()])).toMatchObject({ missing: 1, breaches: [{ what: 'message-missing', id: 1_025, expected: 1, found: 0 }] });
});

test('a later version that is missing is named, though an earlier one is there', () => {
  expect(run(GOOD.map((id) => message(id)), [slice(), update(1_023, 2)])).toMatchObject({ missing: 1, breaches: [{ what: 'message-missing', id: 1_023, expected: 2, found: 0 }] });
});

test('a superseded message may be missing, another may not, and a later version counts for an earlier one', () => {
  const rows = [slice({ delivered: 3, superseded: 1 }), update(1_023, 2)];
  expect(run([message(1_022), message(1_025), message(1_026), message(1_023, 2)], rows).breaches).toEqual([]);
  expect(run([message(1_022), message(1_023, 2)], rows)).toMatchObject({ missing: 2, breaches: [{ what: 'message-missing', id: 1_025 }, { what: 'message-missing', id: 1_026 }] });
});

test('what was superseded with no later version leaves only the number: the slice is named', () => {
  const rows = [slice({ delivered: 3, superseded: 1 })];
  expect(run([1_022, 1_023, 1_025].map((id) => message(id)), rows).breaches).toEqual([]);
  expect(run([1_022, 1_023].map((id) => message(id)), rows)).toMatchObject({ missing: 1, breaches: [{ what: 'message-missing', expected: 3, found: 2 }] });
});

test('a dead letter is not missing; delivered by its replay it must be there', () => {
  const dead = slice({ delivered: 3, letters: [1_025] });
  const replay = slice({ op: 'replay', firstIndex: 0, firstId: 1_025, span: 1, delivered: 1, rejected: [] });
  const others = [1_022, 1_023, 1_026].map((id) => message(id));
  expect(run(others, [dead]).breaches).toEqual([]);
  expect(run([...others, message(1_025)], [dead, replay]).breaches).toEqual([]);
  expect(run(others, [dead, replay])).toMatchObject({ missing: 1, breaches: [{ what: 'message-missing', id: 1_025 }] });
});

test('a message of an id that was never given out is unknown at once, however many there are', () => {
  const given = new Map([['execution', 2_048]]);
  expect(run([...GOOD, 9_000_000_000].map((id) => message(id)), [slice()], { given })).toMatchObject({ unknown: 1, breaches: [{ what: 'message-unknown', id: 9_000_000_000 }] });
  expect(run([message(5, 1, { eventId: 'note:5:1' })], [], { given })).toMatchObject({ unknown: 1 });
});

test('what was not done when the reading began may be missing, and so may what was not asked for', () => {
  for (const over of [{ finished: false }, { inScope: false }]) expect(run([], [slice(over)])).toMatchObject({ missing: 0, breaches: [] });
});

test('a message of a record that no slice has, or of a refused item, is unknown', () => {
  expect(run([...GOOD, 1_024, 5_000].map((id) => message(id)), [slice()])).toMatchObject({ unknown: 2, breaches: [{ what: 'message-unknown', id: 1_024 }, { what: 'message-unknown', id: 5_000 }] });
});

test('a version that nobody made is unknown; one that was made for another sink is not', () => {
  const messages = [...GOOD.map((id) => message(id)), message(1_023, 3)];
  expect(run(messages, [slice(), update(1_023, 2)])).toMatchObject({ unknown: 1, breaches: [{ what: 'version-unknown', id: 1_023, expected: 2, found: 3 }] });
  expect(run(messages, [slice(), update(1_023, 3)]).breaches).toEqual([]);
});

test('a version after a later one breaks the order', () => {
  const messages = [...GOOD.map((id) => message(id)), message(1_023, 2), message(1_023, 1)];
  expect(run(messages, [slice(), update(1_023, 2)])).toMatchObject({ breaches: [{ what: 'version-back', id: 1_023, expected: 2, found: 1 }] });
});

test('a message on another partition than its key\'s is told', () => {
  const elsewhere = (partitionOfKey('1022', PARTITIONS) + 1) % PARTITIONS;
  expect(run([message(1_022, 1, { partition: elsewhere }), ...GOOD.slice(1).map((id) => message(id))], [slice()])).toMatchObject({ breaches: [{ what: 'wrong-partition', id: 1_022, found: elsewhere }] });
});

test.each([
  ['no event id', { eventId: null }],
  ['another key', { key: '1023' }],
  ['a body that is no JSON', { value: '{"id":' }],
  ['a body of another record', { value: '{"id":1023,"version":1}' }],
  ['no body', { value: null }],
])('a message with %s is unreadable, not skipped', (_, over) => {
  expect(run([message(1_022, 1, over)], [])).toMatchObject({ unknown: 1, breaches: [{ what: 'message-unreadable' }] });
});

test('what the topic has removed by its retention is not called missing', () => {
  const truncated = new Set([partitionOfKey('1025', PARTITIONS)]);
  const others = GOOD.filter((id) => !truncated.has(partitionOfKey(String(id), PARTITIONS)));
  expect(run(others.map((id) => message(id)), [slice()], { truncated })).toMatchObject({ missing: 0, expired: GOOD.length - others.length, breaches: [] });
});

test('no more breaches are named than asked for, and it says so', () => {
  expect(run([], [slice()], { most: 2 })).toMatchObject({ missing: 4, more: true, breaches: [{ id: 1_022 }, { id: 1_023 }] });
});
