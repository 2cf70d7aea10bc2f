import { every } from '../../shared/runtime/every.ts';

/** When, and why, this process is to stop. */
export interface StopSignals {
  /** Aborts with the reason as text when it is to stop. */
  readonly asked: AbortSignal;
  /** Called when it is asked again: it is to end at once. */
  onAgain(listener: () => void): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on the signal that the terminal has already sent to us: what comes so soon after the first is the same Ctrl-C. */
const SAME_MS = 700;
const LOOK_MS = 500;

/** Listens for Ctrl-C and its like; where `npm start` has started us, also for npm's death, after which nobody would stop us. */
export function watchStopSignals(env: NodeJS.ProcessEnv = process.env): StopSignals {
  const asked = new AbortController();
  const listeners: (() => void)[] = [];
  let since = 0;
  const ask = (why: string): void => {
    if (!asked.signal.aborted) {
      since = performance.now();
      asked.abort(why);
    } else if (performance.now() - since > SAME_MS) for (const listener of listeners) listener();
  };
  for (const signal of SIGNALS) process.on(signal, () => ask(signal));
  if (env.npm_lifecycle_event === 'start') {
    const parent = process.ppid;
    every(LOOK_MS, () => Promise.resolve(process.ppid === parent || asked.signal.aborted ? undefined : ask('npm has gone')), () => undefined).start();
  }
  return { asked: asked.signal, onAgain: (listener) => void listeners.push(listener) };
}
