import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { restartPause, supervise, type Happening, type Running } from '../../../bin/up/supervise.ts';
import { writerCount } from '../../../bin/up/nodes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const children: ChildProcess[] = [];
const sleeper = (): Running => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  children.push(child);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  return { pid: child.pid as number, exited, stop: async () => void (child.kill(), await exited) };
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('pauses before a restart grow, up to a limit', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 100].map(restartPause)).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('what ends is started again, also when a start fails between', async () => {
  const happened: Happening[] = [];
  const first = sleeper();
  let starts = 0;
  const start = async (): Promise<Running> => {
    starts += 1;
    if (starts === 1) throw new Error('not yet');
    return sleeper();
  };
  const supervised = supervise(start, first, (happening) => happened.push(happening));
  process.kill(first.pid, 'SIGKILL');
  await waitFor(() => happened.some(({ what }) => what === 'back'), { what: 'the part to be back' });
  expect(happened).toMatchObject([{ what: 'ended', exit: { signal: 'SIGKILL' }, pauseMs: 200 }, { what: 'failed', pauseMs: 400 }, { what: 'back', pid: children.at(-1)?.pid }]);
  await supervised.stop();
  expect(children.at(-1)?.signalCode).toBe('SIGTERM');
});

test('stopping twice, and while a start is under way, is fine: the start is cut off and nothing is started again', async () => {
  let cutOff = false;
  let begun = false;
  const start = (signal: AbortSignal): Promise<Running> => {
    begun = true;
    return new Promise((_, reject) => signal.addEventListener('abort', () => {
      cutOff = true;
      reject(new Error('cut off'));
    }));
  };
  const happened: Happening[] = [];
  const supervised = supervise(start, undefined, (happening) => happened.push(happening));
  await waitFor(() => begun, { what: 'the start to begin' });
  await Promise.all([supervised.stop(), supervised.stop()]);
  expect({ cutOff, happened }).toEqual({ cutOff: true, happened: [] });
});

test('writers: as many as asked for, else one for every four cores, at least two and at most eight', () => {
  expect(writerCount(5, 1)).toBe(5);
  expect([1, 4, 8, 12, 32, 128].map((cores) => writerCount(0, cores))).toEqual([2, 2, 2, 3, 8, 8]);
});
