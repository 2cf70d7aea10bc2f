import type { FlushesMeasured } from '../../../shared/contracts/flush-limit.ts';
import { Limiter, type FlushDecision } from '../../../services/pool-monitor/limiter.ts';

const BOUNDS = { minRows: 500, maxRows: 2_000, slowMs: 1_000 };
const said = (writer: string, inFlight: number, ms: number): FlushesMeasured => ({ writer, inFlight, classes: [{ size: 9, flushes: 5, ms }] });

function started() {
  const decisions: FlushDecision[] = [];
  const limiter = new Limiter({ decider: 'r1', validMs: 3_000, bounds: () => BOUNDS, onDecision: (decision) => decisions.push(decision) });
  return { limiter, decisions };
}
const fleet = ['w1', 'w2'].map((nodeId) => ({ nodeId, slots: 2, most: 4 }));

test('it begins with the writers\' fixed slots, and nobody is told anything while there is no writer', () => {
  const { limiter } = started();
  expect(limiter.round([])).toBeUndefined();
  expect(limiter.round(fleet)).toEqual({ decider: 'r1', writers: { w1: 2, w2: 2 }, maxRows: 2_000, validMs: 3_000 });
});

test('writers together make one round: the fleet\'s limit rises while none of their flushes waits in the database, up to what they run at most', () => {
  const { limiter, decisions } = started();
  let told = limiter.round(fleet);
  for (let i = 0; i < 20; i++) {
    for (const { nodeId } of fleet) limiter.measured(said(nodeId, told?.writers[nodeId] ?? 0, 10));
    told = limiter.round(fleet);
  }
  expect(told?.writers).toEqual({ w1: 4, w2: 4 });
  expect(decisions.at(-1)).toMatchObject({ limit: 8, reason: 'queue-short', inFlight: 8 });
});

test('a writer whose word comes a round late is not taken for idle, and its flushes count once', () => {
  const { limiter, decisions } = started();
  for (const { nodeId } of fleet) limiter.measured(said(nodeId, 1, 10));
  limiter.round(fleet);
  for (const { nodeId } of fleet) limiter.measured(said(nodeId, 2, 10));
  limiter.round(fleet);
  limiter.measured(said('w1', 3, 10));
  limiter.round(fleet);
  expect(decisions.at(-1)).toMatchObject({ inFlight: 5, classes: [{ flushes: 5 }] });
  limiter.measured(said('w1', 3, 10));
  limiter.round(fleet);
  expect(decisions.at(-1)).toMatchObject({ inFlight: 3 });
});

test('a writer that left is not counted, and gives its share to the others', () => {
  const { limiter } = started();
  let told = limiter.round(fleet);
  for (let i = 0; i < 20; i++) {
    for (const { nodeId } of fleet) limiter.measured(said(nodeId, told?.writers[nodeId] ?? 0, 10));
    told = limiter.round(fleet);
  }
  expect(limiter.round([fleet[0] as (typeof fleet)[0]])?.writers).toEqual({ w1: 4 });
});

test('while the base is measured every writer has one, and then what it had', () => {
  const { limiter, decisions } = started();
  for (const { nodeId } of fleet) limiter.measured(said(nodeId, 2, 10));
  expect(limiter.round(fleet)?.writers).toEqual({ w1: 1, w2: 1 });
  for (const { nodeId } of fleet) limiter.measured(said(nodeId, 1, 10));
  expect(limiter.round(fleet)?.writers).toEqual({ w1: 2, w2: 2 });
  expect(decisions.map(({ reason }) => reason)).toEqual(['measure-base', 'base-measured']);
});

test('what writers saw of the same size is one figure', () => {
  const { limiter, decisions } = started();
  limiter.measured(said('w1', 1, 10));
  limiter.measured(said('w2', 1, 30));
  limiter.round(fleet);
  expect(decisions[0]?.classes).toEqual([{ size: 9, flushes: 10, ms: 20 }]);
});

test('who takes over begins anew', () => {
  const { limiter } = started();
  for (let i = 0; i < 20; i++) {
    for (const { nodeId } of fleet) limiter.measured(said(nodeId, 4, 10));
    limiter.round(fleet);
  }
  limiter.forget();
  expect(limiter.round(fleet)?.writers).toEqual({ w1: 2, w2: 2 });
});
