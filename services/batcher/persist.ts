import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../shared/errors/problem.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Runs a step that is harmless to repeat until it works, with growing pauses, as long as the deadline allows.
 * A ProblemError is an answer, not a failure, and goes up at once.
 * @param stopAt monotonic ms, by `now`; at least one try is made
 * @throws the last failure, when time is over
 */
export async function persist<T>(step: () => Promise<T>, stopAt: number, now: () => number, onFailure: (error: unknown) => void): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await step();
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      onFailure(error);
      if (now() + pause >= stopAt) throw error;
      await sleep(pause);
    }
  }
}
