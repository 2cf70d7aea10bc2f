import { findSlow } from '../../../../services/gateway/live/find-slow.ts';
import { flowOf } from '../../../../services/gateway/live/flow-of.ts';
import type { NodeFlow } from '../../../../shared/contracts/flow.ts';

const node = (name: string, services: string[], at: number, figures: Record<string, number> = {}, cpuMs = 0): NodeFlow => ({
  node: name, services, at, uptimeS: 1, memoryMb: 100, cpuMs, figures, pool: { active: 1, waiting: 0, max: 4 },
});
const edge = (at: number, figures: Record<string, number> = {}) => node('edge', ['gateway', 'batcher'], at, { 'batcher_slots:used': 0, 'batcher_slots:free': 4, ...figures });
const writer = (at: number, rows: number, name = 'writer') => node(name, ['writer'], at, { writer_rows_total: rows });
const relay = (at: number, figures: Record<string, number> = {}) => node('relay', ['publisher'], at, { 'relay_waiting_items:kafka:orders': 0, 'relay_shards_owned:kafka:orders': 32, 'relay_breaker_state:kafka': 0, ...figures });
const healthy = (at: number) => [edge(at), writer(at, 0), relay(at)];

test('rates are what was counted since the sample before, over the clock of each node, summed over the fleet', () => {
  const { stages } = flowOf([writer(1_000, 100), writer(50_000, 0, 'other')], [writer(3_000, 500), writer(51_000, 1_000, 'other')]);
  expect(stages.flush.rowsPerS).toBe(200 + 1_000);
});

test('without a sample before, after a start, and after a long silence there is no rate, rather than a wrong one', () => {
  expect(flowOf([], [writer(1_000, 100)]).stages.flush.rowsPerS).toBeNull();
  expect(flowOf([writer(900_000, 5_000)], [writer(1_000, 100)]).stages.flush.rowsPerS).toBeNull();
  expect(flowOf([writer(1_000, 0)], [writer(3_601_000, 100)]).stages.flush.rowsPerS).toBeNull();
});

test('means are of the time between the samples alone', () => {
  const flushes = (at: number, sum: number, count: number) => node('writer', ['writer'], at, { 'writer_flush_seconds:sum': sum, 'writer_flush_seconds:count': count });
  expect(flowOf([flushes(0, 100, 10)], [flushes(1_000, 100.1, 20)]).stages.flush.flushMs).toBe(10);
});

test('each sink has its own figures, over all relays', () => {
  const of = (name: string, at: number, sent: number) => node(name, ['publisher'], at, { 'relay_messages_total:kafka:orders': sent, 'relay_waiting_items:kafka:orders': 7, 'relay_lag_seconds:kafka:orders': at / 1_000, 'relay_shards_owned:kafka:orders': 16, 'relay_dead_letters:kafka:orders': 1 });
  const { stages } = flowOf([of('a', 1_000, 0), of('b', 1_000, 10)], [of('a', 2_000, 5), of('b', 2_000, 30)]);
  expect(stages.kafka.sinks).toEqual([{ sink: 'kafka:orders', messagesPerS: 25, waiting: 14, oldestS: 2, shards: 32, deadLetters: 2 }]);
  expect(stages.ledger).toEqual({ waiting: 14, oldestS: 2, deadLetters: 2 });
});

test('where nothing is held up nothing is found', () => {
  const { findings, levels } = findSlow(flowOf(healthy(1_000), healthy(2_000)).stages);
  expect(findings).toEqual([]);
  expect(new Set(Object.values(levels))).toEqual(new Set(['idle']));
});

test('a missing writer is named before the queue that it fills', () => {
  const { findings, levels } = findSlow(flowOf([], [edge(1_000, { batcher_queue_items: 500, batcher_queue_age_seconds: 4 }), relay(1_000)]).stages);
  expect(findings.map(({ stage, level }) => [stage, level])).toEqual([['flush', 'stuck'], ['queue', 'slow']]);
  expect(levels).toMatchObject({ flush: 'stuck', queue: 'slow', kafka: 'idle' });
});

test('an open breaker is named as what holds up the ledger', () => {
  const { findings } = findSlow(flowOf([], [edge(1_000), writer(1_000, 0), relay(1_000, { 'relay_breaker_state:kafka': 2, 'relay_waiting_items:kafka:orders': 100, 'relay_lag_seconds:kafka:orders': 9 })]).stages);
  expect(findings.map(({ stage }) => stage)).toEqual(['kafka', 'ledger']);
  expect(findings[1]?.says).toBe('100 records are written and not delivered yet, the oldest for 9 s.');
});

test('full slots while items wait make the flush the slow one, and refusals the intake', () => {
  const busy = (at: number, refused: number) => edge(at, { 'batcher_slots:used': 4, 'batcher_slots:free': 0, batcher_queue_items: 900, batcher_queue_age_seconds: 0.2, batcher_refusals_total: refused });
  const { findings } = findSlow(flowOf([busy(1_000, 0), writer(1_000, 0), relay(1_000)], [busy(2_000, 3), writer(2_000, 0), relay(2_000)]).stages);
  expect(findings.map(({ stage }) => stage)).toEqual(['flush', 'intake']);
});

test('an open admission breaker is named, with the pools that it waits for', () => {
  const { findings } = findSlow(flowOf([], [edge(1_000), writer(1_000, 0), relay(1_000, { 'pool_breaker_state:writers': 2, 'pool_breaker_state:edge': 0 })]).stages);
  expect(findings).toEqual([{ stage: 'intake', level: 'stuck', says: 'Writing requests are kept out until pools of connections are free again: writers.' }]);
});

test('a chunk that does not come back makes the flush stuck, and flushes that take long make it slow, also while nobody waits', () => {
  const stuck = findSlow(flowOf([], [edge(1_000, { 'batcher_slots:used': 4, 'batcher_slots:free': 0, batcher_queue_items: 900, batcher_handover_age_seconds: 3 }), writer(1_000, 0), relay(1_000)]).stages);
  expect(stuck.findings.map(({ stage, level }) => [stage, level])).toEqual([['flush', 'stuck']]);
  const again = flowOf([edge(1_000), writer(1_000, 7), relay(1_000)], [edge(2_000, { batcher_items_underway: 300 }), writer(2_000, 7), relay(2_000)]).stages;
  expect(findSlow(again, stuck.findings).findings).toMatchObject([{ stage: 'flush', level: 'stuck' }]);
  expect(findSlow(again).findings).toEqual([]);
  const full = (at: number) => [edge(at, { 'batcher_slots:used': 4, 'batcher_slots:free': 0 }), writer(at, 7), relay(at)];
  expect(findSlow(flowOf(full(1_000), full(2_000)).stages).findings).toMatchObject([{ stage: 'flush', level: 'slow' }]);
  const flushes = (at: number, sum: number, count: number) => node('writer', ['writer'], at, { 'writer_flush_seconds:sum': sum, 'writer_flush_seconds:count': count });
  const slow = findSlow(flowOf([edge(1_000), flushes(1_000, 0, 0), relay(1_000)], [edge(2_000), flushes(2_000, 4, 10), relay(2_000)]).stages);
  expect(slow.findings).toEqual([{ stage: 'flush', level: 'slow', says: 'PostgreSQL is slow: a flush takes 400 ms.' }]);
});

test('an old backlog is stuck while nothing goes out, and slow while it does', () => {
  const old = (at: number, sent: number) => relay(at, { 'relay_waiting_items:kafka:orders': 100, 'relay_lag_seconds:kafka:orders': 90, 'relay_messages_total:kafka:orders': sent });
  const after = (sent: number) => findSlow(flowOf([edge(1_000), writer(1_000, 0), old(1_000, 0)], [edge(2_000), writer(2_000, 0), old(2_000, sent)]).stages).findings;
  expect(after(0)).toMatchObject([{ stage: 'ledger', level: 'stuck' }]);
  expect(after(50)).toEqual([{ stage: 'ledger', level: 'slow', says: '100 records are written and not delivered yet, the oldest for 90 s; 50 a second go out.' }]);
});

test('large batches that are later than they promised are told', () => {
  const { findings } = findSlow(flowOf([], [edge(1_000), writer(1_000, 0), relay(1_000, { large_batches_late: 2 })]).stages);
  expect(findings).toEqual([{ stage: 'intake', level: 'slow', says: '2 large batches go on beyond the latest finish that was promised.' }]);
});

test('dead letters are told, after what holds records up', () => {
  const { findings } = findSlow(flowOf([], [edge(1_000), writer(1_000, 0), relay(1_000, { 'relay_dead_letters:kafka:orders': 3 })]).stages);
  expect(findings).toEqual([{ stage: 'ledger', level: 'slow', says: '3 messages were refused for good and wait for a person.' }]);
});

test('what the limit of a key refuses is counted, and holds nothing up', () => {
  const refusing = (at: number, limited: number, refused: number) => edge(at, { batcher_refusals_total: 0, 'gateway_refusals_total:key-rate': limited, 'gateway_refusals_total:bodies': refused });
  const { stages } = flowOf([refusing(1_000, 0, 0), writer(1_000, 0), relay(1_000)], [refusing(2_000, 30, 0), writer(2_000, 0), relay(2_000)]);
  expect(stages.intake).toMatchObject({ limitedPerS: 30, refusedPerS: 0 });
  expect(findSlow(stages).findings).toEqual([]);
  const both = flowOf([refusing(1_000, 0, 0), writer(1_000, 0), relay(1_000)], [refusing(2_000, 30, 4), writer(2_000, 0), relay(2_000)]);
  expect(findSlow(both.stages).findings).toMatchObject([{ stage: 'intake', says: '4 requests a second are refused for load.' }]);
});
