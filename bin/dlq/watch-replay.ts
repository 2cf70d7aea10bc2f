import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { ReplayProgress } from '../../shared/contracts/dead-letters.ts';
import { replayText } from './texts.ts';

const ASK_EVERY_MS = 500;

/** Whether nothing more will become of it. */
export function isOver(replay: ReplayProgress): boolean {
  return replay.state !== 'running' && replay.onTheWay === 0;
}

/**
 * Follows a replay until all that it released is settled, or `signal` says to leave it alone. A bar on a terminal, a line at each change
 * elsewhere; it goes to `out` (standard error), for standard output is for the result.
 * @returns how it stood last
 */
export async function watchReplay(read: () => Promise<ReplayProgress>, out: NodeJS.WriteStream, signal: AbortSignal): Promise<ReplayProgress> {
  const show = out.isTTY ? bar(out) : lines(out);
  try {
    for (;;) {
      const replay = await read();
      show.at(replay);
      if (isOver(replay) || signal.aborted) return replay;
      await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined); // woken to leave
    }
  } finally {
    show.stop();
  }
}

interface Show {
  at(replay: ReplayProgress): void;
  stop(): void;
}

function bar(out: NodeJS.WriteStream): Show {
  const shown = new SingleBar({ stream: out, hideCursor: true, clearOnComplete: true, format: '{bar} {percentage} % | {value} of {total} settled, {deadAgain} dead again | {eta_formatted} to go', barCompleteChar: '█', barIncompleteChar: '░', barsize: 24 });
  let begun = false;
  return {
    at({ total, delivered, superseded, deadAgain }) {
      if (!begun) shown.start(Math.max(1, total), 0, { deadAgain });
      begun = true;
      shown.update(delivered + superseded + deadAgain, { deadAgain });
    },
    stop: () => shown.stop(),
  };
}

function lines(out: NodeJS.WriteStream): Show {
  let last = '';
  return {
    at(replay) {
      const line = replayText(replay);
      if (line !== last) out.write(line);
      last = line;
    },
    stop: () => undefined,
  };
}
