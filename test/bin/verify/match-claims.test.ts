import { ClaimMatcher, type Claim } from '../../../bin/verify/match-claims.ts';
import type { TopicBreach } from '../../../bin/verify/check-topic.ts';

/** Even ids belong to partition 0. The slice has ids 100 to 109; 104 was refused. */
const partitionOf = (id: number) => id % 2;
function claim(over: Partial<Claim> = {}): Claim {
  return { partition: 0, base: 5, low: 100, high: 109, complete: true, batchId: 'b', firstIndex: 10, op: 'insert', kind: 'execution', firstId: 100, version: 1, rejected: [14], ...over };
}
const single = (id: number, base: number, over: Partial<Claim> = {}) => claim({ low: id, high: id, firstId: id, base, rejected: [], ...over });

/** Reads ids of partition 0 from an offset on; tells which were claimed, and what was wrong. */
function match(ids: readonly (number | [id: number, version: number])[], claims: Claim[], from = 5) {
  const breaches: TopicBreach[] = [];
  const queue = [...claims];
  const matcher = new ClaimMatcher({ topic: 'orders', partition: 0 }, partitionOf, (breach) => breaches.push(breach));
  const taken = ids.map((entry, i) => {
    const [id, version] = typeof entry === 'number' ? [entry, 1] : entry;
    return matcher.takes({ offset: from + i, kind: 'execution', id, version }, queue);
  });
  return { taken, wrong: breaches.map(({ what, where, expected, found }) => [what, where.offset, expected, found]), left: queue.length };
}

test('a slice lies where the ledger says, the refused item left out', () => {
  expect(match([100, 102, 106, 108], [claim()])).toEqual({ taken: [true, true, true, true], wrong: [], left: 0 });
});

test('one slice after the other, with strangers in between that nobody claims', () => {
  expect(match([100, 102, 106, 108, 100, 200, 300], [claim(), single(200, 10)])).toEqual({ taken: [true, true, true, true, false, true, false], wrong: [], left: 0 });
});

test('a base that was altered by one is told, though another message of the slice lies there', () => {
  expect(match([100, 102, 106, 108], [claim({ base: 6 })]).wrong).toEqual([['message-elsewhere', 6, 100, 102]]);
  expect(match([7, 100, 102, 106, 108], [claim()]).wrong).toEqual([['message-elsewhere', 5, 100, 7]]);
});

test('another record at a claimed offset is told, with both ids', () => {
  expect(match([302, 300], [single(300, 5), single(302, 6)]).wrong).toEqual([['message-elsewhere', 5, 300, 302], ['message-elsewhere', 6, 302, 300]]);
});

test('an earlier version at a claimed offset is told; a later one is the record\'s current state', () => {
  expect(match([300], [single(300, 5, { version: 2 })]).wrong).toHaveLength(1);
  expect(match([[300, 3]], [single(300, 5, { version: 2 })])).toMatchObject({ taken: [true], wrong: [] });
});

test('two slices that claim one offset are told', () => {
  expect(match([100, 102], [claim(), single(300, 5)]).wrong).toEqual([['offset-claimed-twice', 5, 1, 2]]);
});

test('an offset that the topic passed over is told, and so is what is put down behind its end', () => {
  const { wrong, left } = match([300], [single(200, 4), single(300, 5), single(400, 99)]);
  expect(wrong).toEqual([['message-elsewhere', 4, 200, 0]]);
  expect(left).toBe(1);
});

test('claims on other partitions are left alone', () => {
  expect(match([100], [claim({ partition: 1, base: 2 })])).toEqual({ taken: [false], wrong: [], left: 1 });
});

test('of a run that is not complete the first may be missing', () => {
  expect(match([102, 108], [claim({ complete: false })])).toEqual({ taken: [true, true], wrong: [], left: 0 });
});
