import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Stands before the output of each line. */
const MARK = '@@ line';

/** What came of some lines: what each printed, as a terminal would have shown it. */
export interface Ran {
  code: number | null;
  outs: string[];
}

/** Runs lines of the runbook in one shell, at the root of the repository, with an operator's environment; the first that fails is the last. */
export function runCommand(lines: string, env: Record<string, string>): Promise<Ran> {
  const script = ['set -e', ...lines.split('\n').flatMap((line) => [`echo '${MARK}'`, line])].join('\n');
  const child = spawn('bash', ['-c', `exec 2>&1\n${script}`], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, outs: stripVTControlCharacters(out).split(`${MARK}\n`).slice(1) })));
}
