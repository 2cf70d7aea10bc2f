import { fork } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromLoad, ToLoad } from './serve-load.ts';

/** A process that makes load; see serve-load.ts. */
export interface Load<Spec, Result> {
  readonly pid: number;
  /** What it said when it was open. */
  readonly ready: unknown;
  run(spec: Spec): Promise<Result>;
  stop(): Promise<void>;
}

const STOP_MS = 5_000;

/**
 * Starts a file of bench/load as a process and waits until it is open. Its output goes to a log in `folder`.
 * @throws Error with what it reported, if it cannot open
 */
export async function startLoad<Spec, Result>(file: string, init: unknown, folder: string, execArgv: readonly string[] = []): Promise<Load<Spec, Result>> {
  const log = openSync(join(folder, `load-${file.replace('.ts', '')}.log`), 'a');
  const child = fork(fileURLToPath(new URL(`../load/${file}`, import.meta.url)), { execArgv: ['--disable-warning=TimeoutNegativeWarning', ...execArgv], stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = (message: ToLoad): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const done = () => {
        child.off('message', answered);
        child.off('exit', died);
      };
      const died = (code: number | null) => {
        done();
        reject(new Error(`${file} ended (code ${code}); see its log in ${folder}`));
      };
      const answered = (answer: FromLoad) => {
        done();
        if ('failure' in answer) reject(new Error(`${file}: ${answer.failure}`));
        else resolve('ready' in answer ? answer.ready : answer.result);
      };
      child.on('message', answered);
      child.on('exit', died);
      child.send(message);
    });
  const ready = await ask({ init });
  return {
    pid: child.pid as number,
    ready,
    run: (spec) => ask({ run: spec }) as Promise<Result>,
    async stop() {
      if (child.connected) child.disconnect();
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
    },
  };
}
