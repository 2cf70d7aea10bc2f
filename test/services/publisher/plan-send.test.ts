import { assembleSend, pickMessages, type PlanLimits } from '../../../services/publisher/plan-send.ts';
import { inOrder } from './helpers/topic-reader.ts';
import { History } from './helpers/history.ts';
import { ledgerRow } from './helpers/ledger-row.ts';
import type { LedgerRow } from '../../../services/publisher/ledger-row.ts';
import type { Outgoing } from '../../../services/publisher/sink.ts';

const NOTHING: ReadonlySet<number> = new Set();
const limits: PlanLimits = { orderedBy: 'partition', maxMessages: 100, maxPartitionBytes: 1_000, partitionOf: (id) => id % 3 };
const pick = (rows: LedgerRow[], blocked: Iterable<number> = [], over: Partial<PlanLimits> = {}) => pickMessages(rows, () => new Set(blocked), { ...limits, ...over });
const sent = (result: ReturnType<typeof pick>) => result.candidates.map((c) => ({ row: c.row.id, send: Object.fromEntries(c.send), left: [...c.left] }));
const message = (bytes: number) => (_row: LedgerRow, id: number): Outgoing => ({ id, bytes, payload: null });

describe('pickMessages', () => {
  test('a row never tried goes whole, by partition', () => {
    expect(sent(pick([ledgerRow({ id: 1, firstId: 10, span: 4 })]))).toEqual([{ row: 1, send: { 0: [12], 1: [10, 13], 2: [11] }, left: [] }]);
  });

  test('after a partial acknowledgement only what is left goes', () => {
    const row = ledgerRow({ id: 1, firstId: 10, span: 4, acks: { 0: 7, 1: [[10, 10, 3]], left: [1, 2] } });
    expect(sent(pick([row]))).toEqual([{ row: 1, send: { 1: [13], 2: [11] }, left: [] }]);
  });

  test('what a partition cannot take now holds later rows of its shard from it, and only from it', () => {
    const rows = [ledgerRow({ id: 1, firstId: 12, waitMs: 50, acks: { left: [0] } }), ledgerRow({ id: 2, firstId: 15 }), ledgerRow({ id: 3, firstId: 16 }), ledgerRow({ id: 4, firstId: 15, shard: 1 })];
    const result = pick(rows);
    expect(sent(result)).toEqual([{ row: 2, send: {}, left: [0] }, { row: 3, send: { 1: [16] }, left: [] }, { row: 4, send: { 0: [15] }, left: [] }]);
    expect(result.waits.get(0)).toEqual({ ms: 50, partitions: new Set([0]) });
  });

  test('a blocked partition holds nothing else up', () => {
    expect(sent(pick([ledgerRow({ id: 1, firstId: 10, span: 3 })], [1]))).toEqual([{ row: 1, send: { 0: [12], 2: [11] }, left: [1] }]);
  });

  test('where records do not wait for each other, only the same record is held', () => {
    const rows = [ledgerRow({ id: 1, firstId: 12, waitMs: 50 }), ledgerRow({ id: 2, firstId: 15 }), ledgerRow({ id: 3, firstId: 12 })];
    expect(sent(pick(rows, [], { orderedBy: 'record', partitionOf: () => 0 }))).toEqual([{ row: 1, send: {}, left: [0] }, { row: 2, send: { 0: [15] }, left: [] }, { row: 3, send: {}, left: [0] }]);
  });

  test('rows that do not fit wait whole; one that never would is cut', () => {
    const rows = [ledgerRow({ id: 1, firstId: 0, span: 60 }), ledgerRow({ id: 2, firstId: 60, span: 60 })];
    expect(sent(pick(rows)).map((r) => r.row)).toEqual([1]);
    expect(sent(pick([ledgerRow({ id: 1, firstId: 0, span: 9 })], [], { maxMessages: 4 }))).toEqual([{ row: 1, send: { 0: [0, 3, 6] }, left: [1, 2] }]);
    expect(sent(pick([ledgerRow({ id: 1, firstId: 0, span: 9 })], [], { maxMessages: 2 }))).toEqual([{ row: 1, send: { 0: [0, 3] }, left: [0, 1, 2] }]);
  });
});

describe('assembleSend', () => {
  const assemble = (rows: LedgerRow[], messageOf: (row: LedgerRow, id: number) => Outgoing | undefined) => assembleSend(pickMessages(rows, () => NOTHING, limits).candidates, limits, messageOf);

  test('bytes are bounded for each partition; what does not fit stays left, and so does all behind it', () => {
    const rows = [ledgerRow({ id: 1, firstId: 0 }), ledgerRow({ id: 2, firstId: 3 }), ledgerRow({ id: 3, firstId: 6 }), ledgerRow({ id: 4, firstId: 1 })];
    const send = assemble(rows, (row, id) => ({ id, bytes: row.id === 2 ? 900 : 200, payload: null }));
    expect(send.groups.map((g) => [g.partition, g.messages.map((m) => m.id)])).toEqual([[0, [0]], [1, [1]]]);
    expect(send.candidates.map((c) => [...c.left])).toEqual([[], [0], [0], []]);
  });

  test('a single message larger than the bound goes alone: whether it is refused is for the sink to say', () => {
    const send = assemble([ledgerRow({ id: 1, firstId: 0, span: 7 })], message(5_000));
    expect(send.groups.map((g) => g.messages.map((m) => m.id))).toEqual([[0], [1], [2]]);
  });

  test('records that are gone or replaced leave nothing to send and nothing left', () => {
    const send = assemble([ledgerRow({ id: 1, firstId: 0, span: 3 })], () => undefined);
    expect(send).toMatchObject({ groups: [], candidates: [{ left: new Set() }] });
  });
});

describe('any history of inserts, updates and failures', () => {
  test.each(Array.from({ length: 150 }, (_, seed) => seed + 1))('the consumer sees each record in version order and its last version at the end (seed %i)', (seed) => {
    const history = new History(seed);
    history.play(60);
    history.drain();
    for (const [id, version] of history.versions()) {
      const seen = history.seen(id);
      expect({ id, inOrder: inOrder(seen), last: seen.at(-1) }).toEqual({ id, inOrder: true, last: version });
    }
    expect(history.counted()).toEqual(history.owed());
  });
});
