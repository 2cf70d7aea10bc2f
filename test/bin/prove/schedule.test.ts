import type { Fault } from '../../../bin/prove/faults/fault.ts';
import { pairsOf, rounds, type Round } from '../../../bin/prove/schedule.ts';

const fault = (name: string, touches: string[], more: Partial<Fault> = {}): Fault => ({ name, says: name, touches, inject: () => Promise.resolve({ end: () => Promise.resolve() }), ...more });
const FAULTS = [fault('kill-writer', ['writer']), fault('term-writer', ['writer']), fault('kill-kafka', ['kafka']), fault('topic-gone', ['topic'], { forgetsTopic: true })];

const take = (n: number, seed: number, pairs = true): Round[] => {
  const schedule = rounds(FAULTS, seed, pairs);
  return Array.from({ length: n }, () => schedule.next().value);
};
const namesOf = (list: Round[]) => list.map(({ faults }) => faults.map(({ name }) => name).join('+'));

test('every fault comes alone, then every pair that shares nothing, then all of it again in another order', () => {
  const names = namesOf(take(12, 1));
  expect(names.slice(0, 4).sort()).toEqual(['kill-kafka', 'kill-writer', 'term-writer', 'topic-gone']);
  expect(names.slice(4, 6).sort()).toEqual(['kill-writer+kill-kafka', 'term-writer+kill-kafka']);
  expect(names.slice(6, 10).sort()).toEqual(names.slice(0, 4).sort());
});

test('faults that touch the same part are no pair, and one that makes Kafka forget is in none', () => {
  expect(pairsOf(FAULTS).map((pair) => pair.map(({ name }) => name))).toEqual([['kill-writer', 'kill-kafka'], ['term-writer', 'kill-kafka']]);
});

test('the same seed gives the same rounds with the same times, another seed another order', () => {
  expect(take(20, 5)).toEqual(take(20, 5));
  expect(namesOf(take(20, 5))).not.toEqual(namesOf(take(20, 6)));
});

test('without pairs every round has one fault', () => {
  expect(take(20, 1, false).every(({ faults }) => faults.length === 1)).toBe(true);
});

test('a fault lasts as long as it asks for', () => {
  const schedule = rounds([fault('long', ['kafka'], { lastsMs: [40_000, 40_000] })], 1, true);
  expect(schedule.next().value.lastsMs).toBe(40_000);
});

test('no faults at all are an error, and not an endless wait', () => {
  expect(() => rounds([], 1, true).next()).toThrow('no fault');
});
