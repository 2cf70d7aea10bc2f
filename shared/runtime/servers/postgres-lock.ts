import { chmod, chown, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLine } from './process-identity.ts';

/**
 * Lets PostgreSQL start where its lock file, left by a crash, names a process id that now belongs to some other program (usual after
 * a reboot, or in a container); PostgreSQL would refuse for ever. Only the process id is replaced, by one that is free: the
 * rest of the file lets PostgreSQL check that no old backend still uses the data's shared memory, and so must stay.
 */
export async function clearForeignLock(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return;
  const [pid, ...rest] = text.split('\n');
  const command = commandLine(Number(pid));
  if (command === null || command.includes(cluster)) return;
  const { uid, gid, mode } = await stat(file);
  await writeFile(`${file}.new`, [freeProcessId(), ...rest].join('\n'));
  await chown(`${file}.new`, uid, gid);
  await chmod(`${file}.new`, mode);
  await rename(`${file}.new`, file);
}

function freeProcessId(): number {
  let pid = 99_999;
  while (commandLine(pid) !== null) pid -= 1;
  return pid;
}
