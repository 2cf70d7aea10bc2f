import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { identify, isRunning } from '../../shared/runtime/servers/process-identity.ts';
import type { ProcessIdentity } from '../../shared/runtime/servers/process-identity.ts';

const LOCK = /^lock\.(\d+)$/;

/**
 * Takes the folder for this process until it ends, however it ends. Returns null, or whoever holds it.
 *
 * Each taking is a file `lock.<n>` that names its holder; the highest number counts, and holds as long as that very process
 * runs. A new one is made with link(2), which succeeds for one process only, and none is removed except by a later holder:
 * so of two that find the same dead holder at once, one gets the folder and the other sees it.
 */
export async function takeLock(folder: string): Promise<ProcessIdentity | null> {
  const self = identify(process.pid);
  if (self === null) throw new Error('The system does not tell when this process was started.');
  const draft = join(folder, `lock-draft.${process.pid}-${randomBytes(4).toString('hex')}`);
  await writeFile(draft, JSON.stringify(self));
  try {
    for (;;) {
      const last = await highest(folder);
      const holder = last === 0 ? null : await readHolder(join(folder, `lock.${last}`));
      if (holder && isRunning(holder)) return holder;
      const mine = last + 1;
      const path = join(folder, `lock.${mine}`);
      if (!(await linked(draft, path))) continue;
      if ((await highest(folder)) === mine) {
        await removeBelow(folder, mine);
        return null;
      }
      // Another one took it and removed the file of this number between our look and our link.
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => LOCK.exec(name)?.[1] ?? []).map(Number);
}

async function highest(folder: string): Promise<number> {
  return Math.max(0, ...(await numbers(folder)));
}

async function removeBelow(folder: string, mine: number): Promise<void> {
  for (const n of await numbers(folder)) if (n < mine) await rm(join(folder, `lock.${n}`), { force: true });
}

async function readHolder(path: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null; // removed by a later holder, or cut off by a crash of the machine
    throw error;
  }
}
