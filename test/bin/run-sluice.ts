import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a run of the command line came to. */
export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));

/** A run under way. */
export interface Running {
  /** What it has printed so far. */
  readonly out: string;
  readonly err: string;
  signal(name: NodeJS.Signals): void;
  ended: Promise<Ran>;
}

interface RunOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs the command line as a process of its own. `input` is its standard input; `env` is added to the environment. */
export async function runSluice(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return startSluice(args, options).ended;
}

/** Starts the command line as a process of its own. */
export function startSluice(args: readonly string[], { input = '', env = {}, cwd }: RunOptions = {}): Running {
  const { FORCE_COLOR: _, ...inherited } = process.env; // Jest sets it, and Node warns of both
  const child = spawn(process.execPath, [SLUICE, ...args], { env: { ...inherited, NO_COLOR: '1', ...env }, cwd });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  child.stderr.on('data', (part: Buffer) => (err += part.toString('utf8')));
  child.stdin.on('error', () => undefined); // a command that doesn't read its input closes it
  child.stdin.end(input);
  const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return {
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    signal: (name) => void child.kill(name),
    ended,
  };
}
