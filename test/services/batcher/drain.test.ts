import { STRANDED_MS, watchDrain } from '../../../services/batcher/drain.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Looks after a drain whose clock goes by its looks; answers how often each thing was done. */
async function looks(count: number, msEach: number, canHandOut: (look: number) => boolean): Promise<{ abandoned: number[]; pausedEnded: number }> {
  let look = 0;
  const abandoned: number[] = [];
  let pausedEnded = 0;
  const watch = watchDrain({
    now: () => look * msEach,
    canHandOut: () => canHandOut(look),
    abandon: async () => void abandoned.push(look),
    endPaused: async () => {
      look++;
      pausedEnded++;
    },
    onError: (error) => {
      throw error as Error;
    },
  });
  watch.start();
  await waitFor(() => look >= count, { timeoutMs: 30_000, what: 'the looks' });
  await watch.stop();
  return { abandoned, pausedEnded };
}

test('what waits is ended once no writer could be reached for so long, and again while that lasts', async () => {
  expect((await looks(4, STRANDED_MS, () => false)).abandoned.slice(0, 3)).toEqual([2, 3, 4]);
});

test('a writer that is back in time has what waits', async () => {
  expect((await looks(5, STRANDED_MS / 2, (look) => look % 2 === 0)).abandoned).toEqual([]);
});
