import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a run of the command line came to. */
export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));

/** Runs the command line as a process of its own. `input` is its standard input; `env` is added to the environment. */
export async function runSluice(args: readonly string[], { input = '', env = {}, cwd }: { input?: string | Buffer; env?: Record<string, string>; cwd?: string } = {}): Promise<Ran> {
  const { FORCE_COLOR: _, ...inherited } = process.env; // Jest sets it, and Node warns of both
  const child = spawn(process.execPath, [SLUICE, ...args], { env: { ...inherited, NO_COLOR: '1', ...env }, cwd });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  child.stderr.on('data', (part: Buffer) => (err += part.toString('utf8')));
  child.stdin.on('error', () => undefined); // a command that doesn't read its input closes it
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
