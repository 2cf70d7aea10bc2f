import type { FlushesMeasured } from '../../../shared/contracts/flush-limit.ts';
import { Limiter, type FlushDecision } from '../../../services/pool-monitor/limiter.ts';

const BOUNDS = { minRows: 500, maxRows: 2_000, slowMs: 1_000 };
const said = (edge: string, inFlight: number, ms: number, wanting = true): FlushesMeasured => ({ edge, inFlight, wanting, classes: [{ size: 9, flushes: 5, ms }] });

function started() {
  const decisions: FlushDecision[] = [];
  const limiter = new Limiter({ decider: 'r1', validMs: 3_000, bounds: () => BOUNDS, onDecision: (decision) => decisions.push(decision) });
  return { limiter, decisions };
}
const writers = [{ slots: 2, most: 4 }, { slots: 2, most: 4 }];

test('it begins with the writers\' fixed slots, and nobody is told anything while there is no writer or no edge', () => {
  const { limiter } = started();
  expect(limiter.round({ edges: ['e1'], writers: [] })).toBeUndefined();
  expect(limiter.round({ edges: [], writers })).toBeUndefined();
  expect(limiter.round({ edges: ['e1'], writers })).toEqual({ decider: 'r1', shares: { e1: 4 }, maxRows: 2_000, validMs: 3_000 });
});

test('edges together make one round: the fleet\'s limit rises while none of them waits in the database, up to what the writers run at most', () => {
  const { limiter, decisions } = started();
  const fleet = { edges: ['e1', 'e2'], writers };
  let told = limiter.round(fleet);
  for (let i = 0; i < 20; i++) {
    for (const edge of fleet.edges) limiter.measured(said(edge, told?.shares[edge] ?? 0, 10));
    told = limiter.round(fleet);
  }
  expect(told?.shares).toEqual({ e1: 4, e2: 4 });
  expect(decisions.at(-1)).toMatchObject({ limit: 8, reason: 'queue-short', inFlight: 8 });
});

test('an edge that went silent, or left, gives its share to those that want it', () => {
  const { limiter } = started();
  const fleet = { edges: ['e1', 'e2'], writers };
  for (const edge of fleet.edges) limiter.measured(said(edge, 2, 10));
  expect(limiter.round(fleet)?.shares).toMatchObject({ e1: 1, e2: 1 }); // measures the base
  for (let i = 0; i < 10; i++) {
    limiter.measured(said('e1', 2, 10));
    limiter.round(fleet);
  }
  expect(limiter.round(fleet)?.shares.e2).toBe(1);
  expect(limiter.round({ ...fleet, edges: ['e1'] })?.shares.e2).toBeUndefined();
});

test('what idle edges keep for themselves holds back neither the share nor the rise of the one at work', () => {
  const { limiter } = started();
  const fleet = { edges: ['e1', 'e2', 'e3'], writers };
  let told = limiter.round(fleet);
  for (let i = 0; i < 20; i++) {
    limiter.measured(said('e1', told?.shares.e1 ?? 0, 10));
    told = limiter.round(fleet);
  }
  expect(told?.shares).toEqual({ e1: 8, e2: 1, e3: 1 });
});

test('while the base is measured every edge has one', () => {
  const { limiter, decisions } = started();
  const fleet = { edges: ['e1', 'e2'], writers };
  limiter.measured(said('e1', 4, 10));
  limiter.measured(said('e2', 1, 10, false));
  expect(limiter.round(fleet)?.shares).toEqual({ e1: 1, e2: 1 });
  limiter.measured(said('e1', 1, 10));
  limiter.round(fleet);
  expect(decisions.map(({ reason }) => reason)).toEqual(['measure-base', 'base-measured']);
});

test('who takes over begins anew', () => {
  const { limiter } = started();
  for (let i = 0; i < 20; i++) {
    limiter.measured(said('e1', 8, 10));
    limiter.round({ edges: ['e1'], writers });
  }
  limiter.forget();
  expect(limiter.round({ edges: ['e1'], writers })?.shares).toEqual({ e1: 4 });
});
