import { spawn } from 'node:child_process';
import { chown, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../target.ts';
import type { Fault } from './fault.ts';

const TABLESPACE = 'prove_small';
const SLACK_BYTES = 16 * 1024 * 1024;

/** A small disk in memory at a folder. `away` takes it away; if this process is killed, it goes too. */
interface Disk {
  away(): Promise<void>;
}

/** Resolves to undefined where it can't be mounted: not Linux, not root, or not allowed to. */
async function mountDisk(folder: string, bytes: number): Promise<Disk | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  await mkdir(folder, { recursive: true });
  // The shell reads until our end of the pipe is closed, however that comes about.
  const script = 'mount -t tmpfs -o size="$2" sluice-prove "$1" || exit 1; echo mounted; cat > /dev/null; umount -l "$1"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder, String(bytes)], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const over = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  shell.on('error', () => undefined); // no shell: it ends without a word, which is the answer
  const mounted = await new Promise<boolean>((resolve) => {
    shell.stdout.once('data', () => resolve(true));
    void over.then(() => resolve(false));
  });
  if (!mounted) return undefined;
  return {
    async away() {
      shell.stdin.end();
      await over;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const folderOf = ({ postgres }: Target) => join(postgres.dataDir, 'small-disk');

/** A disk that is really full: the executions live on a small one of their own, and something else takes up what is left of it. */
export const POSTGRES_DISK: readonly Fault[] = [
  {
    name: 'postgres-disk-full',
    says: 'the disk of the executions is full (a small one in memory, as a tablespace): 53100 until there is room again',
    touches: ['postgres'],
    async impossible(target) {
      const disk = await mountDisk(folderOf(target), SLACK_BYTES);
      if (disk === undefined) return 'a small disk can be mounted by root on Linux only, where that is allowed';
      await disk.away();
      return undefined;
    },
    async inject(target) {
      const { postgres } = target;
      const folder = folderOf(target);
      const [size] = await postgres.sql<{ bytes: string }>(`select pg_table_size('execution')::text as bytes`);
      const disk = await mountDisk(folder, Number(size?.bytes) * 2 + 2 * SLACK_BYTES);
      if (disk === undefined) throw new Error('the small disk could not be mounted');
      const end = async (): Promise<void> => {
        await rm(join(folder, 'filler'), { force: true });
        await postgres.sql('alter table execution set tablespace pg_default');
        await postgres.sql(`drop tablespace if exists ${TABLESPACE}`);
        await disk.away();
      };
      try {
        const owner = await stat(postgres.clusterDir);
        await chown(folder, owner.uid, owner.gid);
        await postgres.sql(`create tablespace ${TABLESPACE} location '${folder.replaceAll("'", "''")}'`);
        await postgres.sql(`alter table execution set tablespace ${TABLESPACE}`);
        await fill(folder);
      } catch (error) {
        await end();
        throw error;
      }
      return { end };
    },
  },
];

/** Takes up what is left of the disk, to the last page. */
async function fill(folder: string): Promise<void> {
  const file = await open(join(folder, 'filler'), 'w');
  try {
    const { bavail, bsize } = await statfs(folder);
    const piece = Buffer.alloc(64 * 1024);
    for (let left = bavail * bsize; left > 0; left -= piece.length) await file.write(piece, 0, Math.min(piece.length, left));
  } catch (error) {
    // Somebody else was quicker with the last page: it is full all the same.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}
