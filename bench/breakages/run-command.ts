import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What came of a command: all that it printed, as a terminal would have shown it. */
export interface Ran {
  code: number | null;
  out: string;
}

/** Runs lines of the runbook in one shell, at the root of the repository, with an operator's environment. */
export function runCommand(lines: string, env: Record<string, string>): Promise<Ran> {
  const child = spawn('bash', ['-c', lines], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  const take = (part: Buffer) => (out += part.toString('utf8'));
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out: stripVTControlCharacters(out) })));
}
