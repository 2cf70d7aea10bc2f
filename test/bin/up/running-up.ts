import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { identify } from '../../../shared/runtime/servers/process-identity.ts';
import type { ProcessIdentity } from '../../../shared/runtime/servers/process-identity.ts';
import { isRunning } from '../../../shared/runtime/servers/process-identity.ts';
import { readRunRecord, type RunRecord } from '../../../bin/up/run-file.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A `sluice up` that a test has started. */
export interface RunningUp {
  readonly child: ChildProcess;
  /** All it has printed. */
  said(): string;
  /** Its record, while it runs. */
  record(): RunRecord;
  /** Where it answers; waits until it is ready. */
  ready(): Promise<string>;
  /** Waits for its end; the exit code, or null after a signal. */
  ended(): Promise<number | null>;
  /** Kills it as nothing is killed in order, and waits for that. */
  kill9(): Promise<void>;
}

export const ROOT = join(import.meta.dirname, '..', '..', '..');
const READY_MS = 60_000;

/**
 * Starts `sluice up`, or `command`, on a data folder and a free port. It is told that it is under `npm start`, so that it stops when the test's own
 * process is killed.
 */
export function startUp(dataDir: string, env: Record<string, string>, command: readonly string[] = [process.execPath, join(ROOT, 'bin', 'sluice.ts'), 'up']): RunningUp {
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: ROOT,
    env: { ...inherited, NO_COLOR: '1', npm_lifecycle_event: 'start', SLUICE_DATA: dataDir, PORT: '0', WRITERS: '2', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString('utf8')));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    said: () => said,
    record() {
      const record = readRunRecord(dataDir);
      if (record === null) throw new Error(`There is no run record in ${dataDir}. It said:\n${said}`);
      return record;
    },
    async ready() {
      const found = await waitFor(() => {
        if (child.exitCode !== null) throw new Error(`It ended with code ${child.exitCode}:\n${said}`);
        return /Sluice is ready: (\S+)/.exec(said);
      }, { timeoutMs: READY_MS, what: 'the ready line' });
      return found[1] as string;
    },
    ended: () => ended,
    async kill9() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Everybody a record names who still lives, by name. */
export function living({ launcher, guard, parts }: RunRecord): string[] {
  const all: (ProcessIdentity & { name: string })[] = [{ name: 'launcher', ...launcher }, ...(guard ? [{ name: 'guard', ...guard }] : []), ...parts];
  return all.filter(isRunning).map(({ name }) => name);
}

/** Process id of a part, by name, once it is another than `before`. */
export function pidOf(up: RunningUp, name: string, before?: number): Promise<number> {
  return waitFor(() => up.record().parts.find((p) => p.name === name && p.pid !== before && identify(p.pid))?.pid, { timeoutMs: 30_000, what: `${name} to run` });
}
