import { runStep } from '../../../../services/batcher/process/run-step.ts';
import type { StepContext, StepFunction } from '../../../../shared/records/process-step.ts';

const context = { batchId: 'b', index: 1, attempt: 1, idempotencyKey: 'b:1' } as Omit<StepContext, 'signal'>;
const run = (step: StepFunction, timeLimitMs = 60_000, stop = new AbortController().signal) => runStep(step, {}, context, { timeLimitMs, stop });

test('a step that answers is done; one that throws has failed', async () => {
  expect(await run(async () => ({ a: 1 }))).toEqual({ end: 'done', result: { a: 1 } });
  expect(await run(() => { throw new Error('at once'); })).toEqual({ end: 'failed', category: 'EXECUTION_ERROR', error: 'at once' });
});

test('at the time limit the step is told to stop, and has failed whether it listens or not', async () => {
  let told = false;
  const deaf: StepFunction = (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => (told = true)));
  const listening: StepFunction = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
  const late = { end: 'failed', category: 'TIMEOUT_ERROR', error: 'It took longer than 20 ms.' };
  expect([await run(deaf, 20), told, await run(listening, 20)]).toEqual([late, true, late]);
});

test('told to stop from outside: a step that ends well meanwhile is done, any other is stopped, nobody\'s fault', async () => {
  const stopping = (step: StepFunction) => {
    const stop = new AbortController();
    const ended = run(step, 60_000, stop.signal);
    stop.abort();
    return ended;
  };
  const throwing: StepFunction = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('x'))));
  const ending: StepFunction = (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({})));
  expect(await stopping(throwing)).toEqual({ end: 'stopped' });
  expect(await stopping(ending)).toEqual({ end: 'done', result: {} });
  expect(await stopping(() => new Promise(() => undefined))).toEqual({ end: 'stopped' });
});
