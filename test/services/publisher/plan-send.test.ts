import { assembleSend, pickMessages, type PlanLimits } from '../../../services/publisher/plan-send.ts';
import { inOrder } from './helpers/topic-reader.ts';
import { History } from './helpers/history.ts';
import { ledgerRow } from './helpers/ledger-row.ts';
import type { LedgerRow } from '../../../services/publisher/ledger-row.ts';
import type { Outgoing } from '../../../services/publisher/sink.ts';

const NOTHING: ReadonlySet<number> = new Set();
const limits: PlanLimits = { maxMessages: 100, maxPartitionBytes: 1_000, partitionOf: (id) => id % 3 };
const tellingOf = (kind: string) => (kind === 'event' ? 'events' : kind === 'report' ? 'lots' : 'states');
const pick = (rows: LedgerRow[], blocked: Iterable<number> = [], over: Partial<PlanLimits> = {}) => pickMessages(rows, new Set(blocked), { ...limits, ...over }, tellingOf);
const sent = (result: ReturnType<typeof pick>) => result.map((c) => ({ row: c.row.id, send: Object.fromEntries(c.send), left: [...c.left] }));
const message = (bytes: number) => (_row: LedgerRow, id: number): Outgoing => ({ id, bytes, isEvent: false, payload: null });

describe('pickMessages', () => {
  test('a row never tried goes whole, by partition', () => {
    expect(sent(pick([ledgerRow({ id: 1, firstId: 10, span: 4 })]))).toEqual([{ row: 1, send: { 0: [12], 1: [10, 13], 2: [11] }, left: [] }]);
  });

  test('after a partial acknowledgement only what is left goes', () => {
    const row = ledgerRow({ id: 1, firstId: 10, span: 4, acks: { 0: 7, 1: [[10, 10, 3]], left: [1, 2] } });
    expect(sent(pick([row]))).toEqual([{ row: 1, send: { 1: [13], 2: [11] }, left: [] }]);
  });

  test('a refused message waits for its next time and holds up nothing else, not even in its row and partition', () => {
    const tries = { 12: [{ at: '2026-11-22T10:00:00.000Z', code: 'MESSAGE_TOO_LARGE' }] };
    const rows = [
      ledgerRow({ id: 1, firstId: 10, span: 7, waitMs: 50, tries, acks: { 0: [[10, 14, 7]], left: [1], refused: [0] } }),
      ledgerRow({ id: 2, firstId: 15 }), ledgerRow({ id: 3, op: 'update', version: 2, firstId: 12 }),
    ];
    expect(sent(pick(rows))).toEqual([{ row: 1, send: { 1: [10, 13, 16] }, left: [] }, { row: 2, send: { 0: [15] }, left: [] }, { row: 3, send: { 0: [12] }, left: [] }]);
    expect(sent(pick([{ ...rows[0] as LedgerRow, waitMs: 0 }]))).toEqual([{ row: 1, send: { 0: [12], 1: [10, 13, 16] }, left: [] }]);
  });

  test.each<[string, number[]]>([['event', [1, 4]], ['report', [1, 2, 3, 4]]])('events of a record go one by one, those that may go in lots together and in order (%s)', (kind, together) => {
    const event = (id: number, over: Partial<LedgerRow>) => ledgerRow({ id, kind, ...over });
    const rows = [event(1, { firstId: 12, span: 2 }), event(2, { op: 'update', firstId: 12, version: 2 }), event(3, { op: 'update', firstId: 12, version: 3 }), event(4, { op: 'update', firstId: 15, version: 2 })];
    expect(sent(pick(rows)).map((r) => r.row)).toEqual(together);
  });

  test.each(['event', 'report'])('while an event of a record waits, later ones of it wait, others do not (%s)', (kind) => {
    const event = (id: number, over: Partial<LedgerRow>) => ledgerRow({ id, kind, ...over });
    const tries = { 12: [{ at: '2026-11-22T10:00:00.000Z', code: 'MESSAGE_TOO_LARGE' }] };
    const later = [event(2, { op: 'update', firstId: 12, version: 2 }), event(3, { op: 'update', firstId: 12, version: 3 }), event(4, { op: 'update', firstId: 15, version: 2 })];
    const refused = event(1, { firstId: 12, span: 2, waitMs: 50, tries, acks: { 1: 7, left: [], refused: [0] } });
    expect(sent(pick([refused, ...later]))).toEqual([{ row: 4, send: { 0: [15] }, left: [] }]);
  });

  test('a replayed message goes apart from all else of its record', () => {
    const replay = (id: number, firstId: number) => ledgerRow({ id, op: 'replay', firstId });
    expect(sent(pick([ledgerRow({ id: 1, firstId: 10, span: 4 }), replay(2, 12), replay(3, 20), ledgerRow({ id: 4, op: 'update', firstId: 20 }), replay(5, 22)])).map((r) => r.row)).toEqual([1, 3, 5]);
  });

  test('a blocked partition holds nothing else up', () => {
    expect(sent(pick([ledgerRow({ id: 1, firstId: 10, span: 3 })], [1]))).toEqual([{ row: 1, send: { 0: [12], 2: [11] }, left: [1] }]);
  });

  test('rows that do not fit wait whole; one that never would is cut', () => {
    const rows = [ledgerRow({ id: 1, firstId: 0, span: 60 }), ledgerRow({ id: 2, firstId: 60, span: 60 })];
    expect(sent(pick(rows)).map((r) => r.row)).toEqual([1]);
    expect(sent(pick([ledgerRow({ id: 1, firstId: 0, span: 9 })], [], { maxMessages: 4 }))).toEqual([{ row: 1, send: { 0: [0, 3, 6] }, left: [1, 2] }]);
    expect(sent(pick([ledgerRow({ id: 1, firstId: 0, span: 9 })], [], { maxMessages: 2 }))).toEqual([{ row: 1, send: { 0: [0, 3] }, left: [0, 1, 2] }]);
  });
});

describe('assembleSend', () => {
  const assemble = (rows: LedgerRow[], messageOf: (row: LedgerRow, id: number) => Outgoing | undefined) => assembleSend(pickMessages(rows, NOTHING, limits, tellingOf), limits, messageOf);

  test('bytes are bounded for each partition; what does not fit stays left, and so does all behind it', () => {
    const rows = [ledgerRow({ id: 1, firstId: 0 }), ledgerRow({ id: 2, firstId: 3 }), ledgerRow({ id: 3, firstId: 6 }), ledgerRow({ id: 4, firstId: 1 })];
    const send = assemble(rows, (row, id) => ({ id, bytes: row.id === 2 ? 900 : 200, isEvent: false, payload: null }));
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

describe('any history of inserts, updates, failures, refusals, dead letters, replays and discards', () => {
  const seeds = Array.from({ length: 150 }, (_, seed) => seed + 1);
  let died = 0;

  test.each(seeds)('F64 of states the consumer sees each record in version order and its last version at the end (seed %i)', (seed) => {
    const history = new History(seed, 'states');
    history.play(120);
    const before = history.misplaced();
    history.drain();
    for (const [id, version] of history.versions()) {
      const seen = history.seen(id);
      const discarded = history.letters.some((l) => l.id === id && l.version === version && l.state === 'discarded');
      expect({ id, inOrder: inOrder(seen), last: discarded ? version : seen.at(-1) }).toEqual({ id, inOrder: true, last: version });
    }
    expect(history.counted()).toEqual(history.owed());
    expect(history.letters).toHaveLength(history.died());
    expect([...before, ...history.misplaced()]).toEqual([]);
    died += history.died();
  });

  test.each(seeds)('of events the consumer sees every one of each record, in order, none before an earlier one (seed %i)', (seed) => {
    const history = new History(seed, 'events');
    history.play(120);
    const before = history.misplaced();
    history.drain();
    for (const [id, version] of history.versions()) {
      const seen = history.seen(id);
      const missing = Array.from({ length: version }, (_, i) => i + 1).filter((v) => !seen.includes(v) && !history.letters.some((l) => l.id === id && l.version === v && l.state === 'discarded'));
      expect({ id, inOrder: inOrder(seen), missing }).toEqual({ id, inOrder: true, missing: [] });
    }
    expect(history.counted()).toEqual(history.owed());
    expect(history.letters).toHaveLength(history.died());
    expect([...before, ...history.misplaced()]).toEqual([]);
    died += history.died();
  });

  test.each(seeds)('of events in lots too, but that a lot whose answer was lost comes again (seed %i)', (seed) => {
    const history = new History(seed, 'lots');
    history.play(120);
    const before = history.misplaced();
    history.drain();
    for (const [id, version] of history.versions()) {
      const first = [...new Set(history.seen(id))];
      const missing = Array.from({ length: version }, (_, i) => i + 1).filter((v) => !first.includes(v) && !history.letters.some((l) => l.id === id && l.version === v && l.state === 'discarded'));
      expect({ id, inOrder: inOrder(first), missing }).toEqual({ id, inOrder: true, missing: [] });
    }
    expect(history.counted()).toEqual(history.owed());
    expect(history.letters).toHaveLength(history.died());
    expect([...before, ...history.misplaced()]).toEqual([]);
  });

  test('these histories were worth playing: messages died in them', () => {
    expect(died).toBeGreaterThan(300);
  });
});
