import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../cli-error.ts';

const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

/**
 * Runs a command again and again until a key is pressed, or so many times.
 * @throws CliError where nothing would ever end it, or the numbers are none
 */
export async function watchWords(run: () => Promise<unknown>, { every, times }: { every: string; times?: string }, { input, output }: { input: NodeJS.ReadStream; output: NodeJS.WriteStream }): Promise<void> {
  const seconds = Number(every);
  const most = times === undefined ? Infinity : Number(times);
  if (!(seconds >= 0.2 && seconds <= 3_600)) throw new CliError('--every must be from 0.2 to 3,600 seconds.', EXIT.usage);
  if (!(most >= 1) || (times !== undefined && !Number.isInteger(most))) throw new CliError('--times must be a whole number greater than 0.', EXIT.usage);
  if (most === Infinity && !input.isTTY) throw new CliError('Without a terminal no key can end it: say how often, with --times.', EXIT.usage);
  const leave = new AbortController();
  const pressed = () => leave.abort();
  input.on('keypress', pressed);
  try {
    for (let shown = 1; !leave.signal.aborted; shown++) {
      if (output.isTTY) output.write(CLEAR);
      await run();
      if (shown >= most) return;
      await sleep(seconds * 1_000, undefined, { signal: leave.signal }).catch(() => undefined); // left
    }
  } finally {
    input.off('keypress', pressed);
  }
}
