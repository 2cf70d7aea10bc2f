import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MOST_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a benchmark that stands on its own (a file of bench/) and returns the JSON that it prints last.
 * @throws Error with its output, if it fails
 */
export async function runScript<Output>(file: string, args: readonly string[], env: Record<string, string>): Promise<Output> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=TimeoutNegativeWarning', path, ...args], { env: { ...process.env, ...env }, maxBuffer: MOST_OUTPUT });
  return JSON.parse(stdout) as Output;
}
