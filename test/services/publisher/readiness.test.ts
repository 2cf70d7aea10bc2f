import { pino } from 'pino';
import { Breaker } from '../../../shared/runtime/breaker.ts';
import { Readiness } from '../../../services/publisher/readiness.ts';
import type { PartitionResult, Sink, SinkCheck, SinkFailure } from '../../../services/publisher/sink.ts';
import { readSettings } from '../../../shared/config/load.ts';
import { Metrics } from '../../../shared/metrics/metrics.ts';

const AWAY: SinkFailure = { class: 'cluster', code: 'KafkaJSConnectionError', message: 'no answer', unsettled: false };
const MISFIT: SinkFailure = { class: 'configuration', code: 'topic-missing', message: 'The topic is missing.', unsettled: false };
const failed = (failure: SinkFailure): PartitionResult[] => [{ partition: 0, acked: [], refused: [], failure }];

let clock = 0;
let metrics: Metrics;
let breaker: Breaker;
beforeEach(() => {
  clock = 1_000;
  metrics = new Metrics();
  breaker = new Breaker({ failures: 3, cooldownMs: 1_000 });
});

/** A sink of the cluster `kafka` whose checks are counted and answered as told. */
function sinkOf(name: string, answer: () => Promise<SinkCheck> | SinkCheck = () => ({ ready: true })) {
  const seen = { checks: 0 };
  const check = async () => {
    seen.checks++;
    return answer();
  };
  const sink = { name, cluster: 'kafka', check } as unknown as Sink;
  const readiness = new Readiness({ sink, breaker, metrics, settings: { ...readSettings({}).settings, retryInitialDelay: 1 }, log: pino({ level: 'silent' }), now: () => clock, random: () => 0.5 });
  return { seen, readiness };
}
const figure = async (name: string) => (await metrics.registry.getSingleMetric(`sluice_${name}`)?.get())?.values[0]?.value;

test('F31 all sinks of a cluster share its breaker: failures of one keep the others from calling, and one probe, a check, frees them all', async () => {
  let answerProbe: (check: SinkCheck) => void = () => undefined;
  const orders = sinkOf('kafka:orders');
  const batches = sinkOf('kafka:batches');
  expect([await orders.readiness.ready(), await batches.readiness.ready()]).toEqual([true, true]);
  for (let i = 0; i < 3; i++) orders.readiness.learn(failed(AWAY));
  expect([await orders.readiness.ready(), await batches.readiness.ready()]).toEqual([false, false]);
  expect(batches.readiness.why).toContain('kafka does not answer');
  expect([await figure('relay_breaker_state'), await figure('relay_breaker_failures_total'), await figure('relay_breaker_rejections_total')]).toEqual([2, 3, 2]);

  clock += 1_000;
  const slow = sinkOf('kafka:slow', () => new Promise((resolve) => { answerProbe = resolve; }));
  const probing = slow.readiness.ready();
  expect(breaker.state).toBe('half-open');
  expect([await orders.readiness.ready(), await batches.readiness.ready()]).toEqual([false, false]);
  expect([slow.seen.checks, orders.seen.checks, batches.seen.checks]).toEqual([1, 1, 1]);
  answerProbe({ ready: true });
  expect(await probing).toBe(true);
  expect([await orders.readiness.ready(), await batches.readiness.ready(), orders.readiness.why, await figure('relay_breaker_state')]).toEqual([true, true, undefined, 0]);
});

test('F31 a success resets the count, and an answer that is an error is an answer', async () => {
  const { readiness } = sinkOf('kafka:orders');
  await readiness.ready();
  for (let i = 0; i < 2; i++) readiness.learn(failed(AWAY));
  readiness.learn([{ partition: 0, acked: [{ from: 0, to: 0, base: 1 }], refused: [] }]);
  for (let i = 0; i < 2; i++) readiness.learn(failed(AWAY));
  readiness.learn([...failed(AWAY), ...failed({ ...AWAY, class: 'partition' })]);
  for (let i = 0; i < 2; i++) readiness.learn(failed(AWAY));
  expect(breaker.state).toBe('closed');
  readiness.learn(failed(AWAY));
  expect(breaker.state).toBe('open');
});

test('a sink that is set up wrongly waits by itself: its cluster answers, so the breaker stays closed for the others', async () => {
  const wrong = sinkOf('kafka:wrong', () => ({ ready: false, failure: MISFIT }));
  const right = sinkOf('kafka:right');
  for (let i = 0; i < 5; i++, clock += 60_000) await wrong.readiness.ready();
  expect([breaker.state, wrong.readiness.why, await right.readiness.ready()]).toEqual(['closed', 'The topic is missing.', true]);
});
