import { CommandFailed, findOnPath, runCommand } from './run-command.ts';

const PIPS: readonly (readonly [string, ...string[]])[] = [['pip3'], ['pip'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']];
const TIMEOUT_MS = 300_000;

/**
 * Unpacks a wheel (`name==version`) into a folder by whichever pip is here, calling `begins` before the first is tried. Adds to `tried`
 * what did not work; returns whether one did.
 */
export async function pipInstall(requirement: string, folder: string, tried: string[], begins: () => void): Promise<boolean> {
  const options = ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--target', folder, requirement];
  let found = false;
  for (const [command, ...before] of PIPS) {
    if ((await findOnPath(command)).length === 0) continue;
    if (!found) begins();
    found = true;
    try {
      await runCommand(command, [...before, ...options], { timeoutMs: TIMEOUT_MS });
      return true;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      tried.push(`${[command, ...before].join(' ')} install ${requirement} (${lastLine(error.message)})`);
    }
  }
  if (!found) tried.push('pip (not found)');
  return false;
}

/** The last line of a longer message: package managers end with what matters. */
export function lastLine(message: string): string {
  return message.trim().split('\n').at(-1) ?? '';
}
