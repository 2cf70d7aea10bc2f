import { SingleBar } from 'cli-progress';

/** Shows how far the reading of the topics is. */
export interface ReadingProgress {
  at: (read: number, total: number) => void;
  stop: () => void;
}

/** A bar on a terminal, nothing elsewhere. Goes to `out` (standard error), for standard output is for the report. */
export function readingProgress(out: NodeJS.WriteStream): ReadingProgress {
  if (!out.isTTY) return { at: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    stream: out, hideCursor: true, clearOnComplete: true, etaBuffer: 50,
    format: '{bar} {percentage} % | {value} of {total} messages | {duration_formatted}, {eta_formatted} to go', barCompleteChar: '█', barIncompleteChar: '░', barsize: 24,
  });
  let begun = false;
  return {
    at(read, total) {
      if (!begun) bar.start(total, 0);
      begun = true;
      bar.setTotal(total);
      bar.update(read);
    },
    stop: () => bar.stop(),
  };
}
