import { SingleBar } from 'cli-progress';
import type { Input } from './open-input.ts';
import type { Tally } from './tally.ts';

/** Shows how far a run is, until it is stopped. */
export interface Progress {
  /** Prints a line without breaking the bar. */
  note(line: string): void;
  stop(): void;
}

const LINE_EVERY = 2_000;
const BAR_EVERY = 200;

/**
 * A bar on a terminal, a plain line every two seconds elsewhere, nothing when `quiet`. Goes to `out` (standard error), for
 * standard output is for the result.
 * @param now monotonic clock in ms
 */
export function startProgress(tally: Tally, input: Pick<Input, 'totalBytes' | 'bytesRead'>, out: NodeJS.WriteStream, quiet: boolean, now: () => number): Progress {
  const begun = now();
  const figures = () => {
    const done = tally.successful + tally.failed;
    return { done, failed: tally.failed, rate: Math.round(done / Math.max(0.001, (now() - begun) / 1000)) };
  };
  if (quiet) return { note: () => undefined, stop: () => undefined };
  if (out.isTTY && input.totalBytes !== undefined) {
    const total = Math.max(1, input.totalBytes);
    const bar = new SingleBar({
      stream: out, hideCursor: true, clearOnComplete: true, etaBuffer: 50,
      format: '{bar} {percentage} % | {done} items, {failed} failed | {rate}/s',
      barCompleteChar: '█', barIncompleteChar: '░', barsize: 24,
    });
    bar.start(total, 0, figures());
    const update = () => bar.update(Math.min(total, input.bytesRead()), figures());
    const timer = setInterval(update, BAR_EVERY);
    return {
      note: (line) => out.write(`\r\u001b[K${line}\n`),
      stop: () => {
        clearInterval(timer);
        update();
        bar.stop();
      },
    };
  }
  const timer = setInterval(() => {
    const { done, failed, rate } = figures();
    const share = input.totalBytes === undefined ? '' : ` (${Math.floor((input.bytesRead() / Math.max(1, input.totalBytes)) * 100)} % read)`;
    out.write(`${done} items answered${share}, ${failed} failed, ${rate}/s\n`);
  }, LINE_EVERY);
  return { note: (line) => out.write(`${line}\n`), stop: () => clearInterval(timer) };
}
