import { setTimeout as sleep } from 'node:timers/promises';

const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

/** Shows a text anew again and again until Ctrl-C: in place on a terminal, else one after the other. */
export async function watched(everyMs: number, show: () => Promise<string>): Promise<void> {
  const leave = new AbortController();
  const interrupt = () => leave.abort();
  process.once('SIGINT', interrupt);
  try {
    while (!leave.signal.aborted) {
      const text = await show();
      process.stdout.write(process.stdout.isTTY ? `${CLEAR}${text}` : text);
      await sleep(everyMs, undefined, { signal: leave.signal }).catch(() => undefined); // left
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}
