import { EXIT } from '../cli-error.ts';

/** The first Ctrl-C aborts the signal, so that the command leaves in order and says how to come back; a second one ends it at once. */
export function leaving(): { signal: AbortSignal; off: () => void } {
  const leave = new AbortController();
  const handler = () => {
    if (leave.signal.aborted) process.exit(EXIT.interrupted);
    leave.abort();
  };
  process.on('SIGINT', handler);
  return { signal: leave.signal, off: () => process.off('SIGINT', handler) };
}
