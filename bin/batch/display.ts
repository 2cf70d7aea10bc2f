import { SingleBar } from 'cli-progress';
import { errorsText, finishText, viewText, type View } from './texts.ts';

/** Shows how far a batch is, until it is stopped. */
export interface Display {
  at(view: View): void;
  /** Prints a line without breaking the bar. */
  note(line: string): void;
  /** Twice is fine. */
  stop(): void;
}

/** What the bar runs up to: a share has no more places than that. */
const WHOLE = 10_000;
const LINE_EVERY_MS = 2_000;

/**
 * A bar on a terminal; elsewhere a plain line at each change of state, and otherwise every two seconds at most. Goes to `out`
 * (standard error), for standard output is for the result.
 * @param now monotonic clock in ms
 */
export function display(out: NodeJS.WriteStream, quiet: boolean, now: () => number): Display {
  if (quiet) return { at: () => undefined, note: () => undefined, stop: () => undefined };
  return out.isTTY ? bar(out) : lines(out, now);
}

function bar(out: NodeJS.WriteStream): Display {
  const shown = new SingleBar({ stream: out, hideCursor: true, clearOnComplete: true, format: '{bar} {text}', barCompleteChar: '█', barIncompleteChar: '░', barsize: 24 });
  let begun = false;
  return {
    at(view) {
      const { state, progress, rate, rejected } = view;
      const text = [
        `${progress.share === null ? state : `${Math.floor(progress.share * 100)} %${state === 'RECEIVING' || state === 'RUNNING' ? '' : ` ${state}`}`}`, `${progress.items.toLocaleString('en')} items`,
        ...(rate === null ? [] : [`${Math.round(rate).toLocaleString('en')}/s`]), finishText(view), `${rejected.toLocaleString('en')} failed${errorsText(view.errors)}`,
      ].filter((part) => part !== '').join(' | ');
      if (!begun) shown.start(WHOLE, 0, { text });
      begun = true;
      shown.update(Math.floor((progress.share ?? 0) * WHOLE), { text });
    },
    note: (line) => void out.write(`\r\u001b[K${line}\n`),
    stop() {
      if (begun) shown.stop();
      begun = false;
    },
  };
}

function lines(out: NodeJS.WriteStream, now: () => number): Display {
  let shown: { state: string; at: number } | undefined;
  return {
    at(view) {
      if (shown?.state === view.state && now() - shown.at < LINE_EVERY_MS) return;
      shown = { state: view.state, at: now() };
      out.write(`${viewText(view)}\n`);
    },
    note: (line) => void out.write(`${line}\n`),
    stop: () => undefined,
  };
}
