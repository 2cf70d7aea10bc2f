import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Written last into an install, so that only a whole one has it. */
const COMPLETE = '.complete';
const HALF_INSTALL = /^\.installing-/;
/** No install takes this long; what is older was left by a process that died. */
const ABANDONED_AFTER_MS = 3_600_000;

/** The user's cache folder for servers that were fetched: SLUICE_CACHE, or `sluice` under XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SLUICE_CACHE) return resolve(env.SLUICE_CACHE);
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice');
}

/** The folder of a whole install of this name, or null. */
export async function findCached(name: string, root = cacheFolder()): Promise<string | null> {
  const folder = join(root, name);
  return access(join(folder, COMPLETE)).then(() => folder, () => null);
}

/**
 * The folder of the install `name`, made by `install(folder)` if it isn't there. The install happens in a folder beside and is
 * renamed when it is whole: a half install never counts, and of two processes at once both end with the same folder.
 * Fails with what `install` throws, and then leaves nothing.
 */
export async function installOnce(name: string, install: (folder: string) => Promise<void>, root = cacheFolder()): Promise<string> {
  const there = await findCached(name, root);
  if (there) return there;
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const building = join(root, `.installing-${name}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(building);
  try {
    await install(building);
    await writeFile(join(building, COMPLETE), '');
    return await moveInto(building, name, root);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function moveInto(building: string, name: string, root: string): Promise<string> {
  const folder = join(root, name);
  for (;;) {
    try {
      await rename(building, folder);
      return folder;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      // Either another process was quicker, or something lies there that isn't whole; the latter is moved out of the way
      // in one step, so that a whole install that appears at the same moment is never removed half.
      if (await findCached(name, root)) return folder;
      const rubbish = join(root, `.installing-rubbish-${randomBytes(4).toString('hex')}`);
      await rename(folder, rubbish).catch(ignoreMissing);
      await rm(rubbish, { recursive: true, force: true });
    }
  }
}

async function removeAbandoned(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    if (!HALF_INSTALL.test(entry)) continue;
    const path = join(root, entry);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
