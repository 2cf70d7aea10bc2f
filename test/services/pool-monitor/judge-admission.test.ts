import type { PoolSample } from '../../../shared/contracts/pools.ts';
import { Metrics } from '../../../shared/metrics/metrics.ts';
import { AdmissionJudge } from '../../../services/pool-monitor/judge-admission.ts';

const sample = (node: string, services: string[], exhausted: boolean): PoolSample => ({
  node, services, active: exhausted ? 4 : 1, idle: 0, waiting: exhausted ? 5 : 0, waitingLong: exhausted ? 5 : 0, max: 4, utilization: exhausted ? 1 : 0.25, longest: null, heldTooLong: [],
});
const edge = (name: string, exhausted: boolean) => sample(name, ['batcher', 'gateway'], exhausted);
const writer = (name: string, exhausted: boolean) => sample(name, ['writer'], exhausted);
const relay = (exhausted: boolean) => sample('relay', ['publisher', 'pool-monitor'], exhausted);

function start() {
  const metrics = new Metrics();
  const changes: string[] = [];
  const judge = new AdmissionJudge({ limits: { failures: 3, cooldownMs: 15_000 }, metrics, onChange: ({ pools, from, to }) => changes.push(`${pools}: ${from} -> ${to}`), onSwitch: () => changes.push(`told: ${judge.state}`) });
  let now = 0;
  const times = (count: number, ...samples: PoolSample[]) => {
    for (let i = 0; i < count; i++) judge.sampled(samples, (now += 5_000));
    return Object.fromEntries(judge.breakers.map(({ pools, state }) => [pools, state]));
  };
  return { metrics, changes, judge, times };
}

test('an edge whose own pool is exhausted is shut, and no other', () => {
  const { times, changes } = start();
  expect(times(3, edge('one', true), edge('two', false), writer('w', false))).toEqual({ writers: 'closed', one: 'open', two: 'closed' });
  expect(changes).toEqual(['one: closed -> open']);
});

test('writers that are all exhausted shut every edge; one that is not keeps them open', () => {
  const { times } = start();
  expect(times(9, edge('one', false), writer('w', true), writer('v', false))).toMatchObject({ writers: 'closed' });
  expect(times(3, edge('one', false), writer('w', true), writer('v', true))).toEqual({ writers: 'open', one: 'closed' });
});

test('a relay whose pool is exhausted shuts nobody: it delivers later', () => {
  const { times } = start();
  expect(times(9, edge('one', false), writer('w', false), relay(true))).toEqual({ writers: 'closed', one: 'closed' });
});

test('bad samples and openings are counted, and the series of an edge that is gone ends', async () => {
  const { times, metrics, judge } = start();
  times(3, edge('one', true), writer('w', false));
  const told = async () => (await metrics.registry.metrics()).split('\n').filter((line) => line.includes('pool_breaker') && line.includes('node="one"'));
  expect(await told()).toEqual(['sluice_pool_breaker_state{node="one"} 2', 'sluice_pool_breaker_failures_total{node="one"} 3', 'sluice_pool_breaker_openings_total{node="one"} 1']);
  expect(times(1, writer('w', false))).toEqual({ writers: 'closed' });
  expect((await told())[0]).toContain('failures');
  judge.forget();
  expect(judge.breakers).toEqual([]);
});

test('what an operator does to it is told at once, as it is then', () => {
  const { times, changes, judge } = start();
  times(1, edge('one', false), writer('w', false));
  judge.trip();
  expect(judge.judged(5_000)).toMatchObject([{ pools: 'writers', state: 'open' }, { pools: 'one', state: 'closed' }]);
  judge.reset();
  expect(changes).toEqual(['told: open', 'told: closed']);
});
