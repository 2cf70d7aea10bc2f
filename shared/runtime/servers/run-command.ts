import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A command that could not be started, failed, or took too long; the message ends with the last lines it printed. */
export class CommandFailed extends Error {}

/**
 * Runs a command to its end and gives back what it printed (stdout, then stderr). `timeoutMs` bounds it; it fails with CommandFailed.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs?: number; cwd?: string; env?: NodeJS.ProcessEnv; uid?: number; gid?: number } = {},
): Promise<string> {
  const { timeoutMs = 30_000, ...rest } = options;
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...rest, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const printed = stdout + stderr;
      if (!error) return resolve(printed);
      const why = error.killed ? `took longer than ${timeoutMs} ms` : typeof error.code === 'number' ? `ended with code ${error.code}` : error.message.split('\n')[0];
      const lastLines = printed.trim().split('\n').slice(-5).join('\n');
      reject(new CommandFailed([`${command} ${why}`, lastLines].filter(Boolean).join('\n'), { cause: error }));
    });
  });
}

/** Full paths of every executable of this name on PATH, in PATH's order. */
export async function findOnPath(name: string, path = process.env.PATH ?? ''): Promise<string[]> {
  const found: string[] = [];
  for (const folder of path.split(delimiter).filter(Boolean)) {
    if (await isExecutable(join(folder, name))) found.push(join(folder, name));
  }
  return found;
}

/** Whether there is a file at this path that we may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(() => true, () => false);
}
