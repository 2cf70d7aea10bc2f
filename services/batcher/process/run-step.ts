import type { Category, StepContext, StepFunction } from '../../../shared/records/process-step.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { categoryOf, tellingOf } from './categorise.ts';

/** How a call of a step ended. `stopped`: nobody waits for it any more, and how it will end is not known. */
export type StepEnd = { end: 'done'; result: RecordRow } | { end: 'failed'; category: Category; error: string } | { end: 'stopped' };

/** A step that was told to stop may still come to its end within this. */
const GRACE_MS = 1_000;

/**
 * Calls a step once, within its time limit. Never throws.
 * @param stop aborted when the batch has ended or the node stops
 */
export async function runStep(step: StepFunction, item: RecordRow, context: Omit<StepContext, 'signal'>, { timeLimitMs, stop }: { timeLimitMs: number; stop: AbortSignal }): Promise<StepEnd> {
  if (stop.aborted) return { end: 'stopped' };
  const told = new AbortController();
  let late = false;
  const timers: NodeJS.Timeout[] = [];
  let onStop: () => void = () => undefined;
  const abandoned = new Promise<'abandoned'>((resolve) => {
    timers.push(setTimeout(() => {
      late = true;
      told.abort(new DOMException(`The step took longer than ${timeLimitMs} ms.`, 'TimeoutError'));
      resolve('abandoned');
    }, timeLimitMs));
    onStop = () => {
      told.abort(stop.reason);
      timers.push(setTimeout(() => resolve('abandoned'), GRACE_MS));
    };
  });
  stop.addEventListener('abort', onStop, { once: true });
  try {
    const call = (async () => step(item, { ...context, signal: told.signal }))();
    call.catch(() => undefined); // one that is abandoned may fail when nobody looks any more
    const answer = await Promise.race([call, abandoned]);
    if (answer === 'abandoned') return late ? timeoutOf(timeLimitMs) : { end: 'stopped' };
    return { end: 'done', result: answer };
  } catch (error) {
    if (late) return timeoutOf(timeLimitMs);
    return stop.aborted ? { end: 'stopped' } : { end: 'failed', category: categoryOf(error), error: tellingOf(error) };
  } finally {
    timers.forEach(clearTimeout);
    stop.removeEventListener('abort', onStop);
  }
}

function timeoutOf(timeLimitMs: number): StepEnd {
  return { end: 'failed', category: 'TIMEOUT_ERROR', error: `It took longer than ${timeLimitMs} ms.` };
}
