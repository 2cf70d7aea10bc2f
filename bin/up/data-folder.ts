import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError, EXIT } from '../cli-error.ts';

/** Written when Sluice makes the folder; what has none is not Sluice's to write into, or to delete. */
const MARK = 'sluice-data.json';
const FORMAT = 1;
const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** The parts of a data folder, as full paths. */
export interface DataFolder {
  readonly path: string;
  readonly postgres: string;
  readonly nats: string;
  readonly kafka: string;
  readonly logs: string;
}

/** Where the setting SLUICE_DATA leads; a relative one counts from the project, wherever the command is run. */
export function dataFolder(dataDir: string): DataFolder {
  const path = resolve(PROJECT, dataDir);
  return { path, postgres: join(path, 'postgres'), nats: join(path, 'nats'), kafka: join(path, 'kafka'), logs: join(path, 'logs') };
}

/**
 * Makes the folder if it isn't there, and marks it as Sluice's own.
 * @throws CliError when something else lies in it, or a newer Sluice has made it
 */
export async function openDataFolder(folder: DataFolder): Promise<void> {
  // Passable for others: PostgreSQL, which refuses to run as root, then runs as a user of its own.
  await mkdir(folder.path, { recursive: true, mode: 0o711 }).catch((cause: unknown) => {
    throw new CliError(`SLUICE_DATA: the folder ${folder.path} cannot be made (${(cause as Error).message}).`, EXIT.usage, cause);
  });
  const format = await readMark(folder);
  if (format !== null && format > FORMAT) throw new CliError(`SLUICE_DATA: ${folder.path} was made by a newer Sluice, and this one cannot use it.`, EXIT.usage);
  if (format === null) {
    if ((await readdir(folder.path)).length > 0) throw new CliError(`SLUICE_DATA: ${folder.path} holds something that is not of Sluice's making. Name a new or empty folder.`, EXIT.usage);
    await writeFile(join(folder.path, MARK), `${JSON.stringify({ madeBy: 'sluice', format: FORMAT })}\n`);
  }
  await mkdir(folder.logs, { recursive: true });
}

/** Whether Sluice has made this folder. */
export async function isDataFolder(folder: DataFolder): Promise<boolean> {
  return (await readMark(folder)) !== null;
}

/**
 * Deletes all that Sluice has put into the folder, the mark last, and the folder itself if nothing else is in it.
 * Returns the names of what else is there, and stays.
 */
export async function deleteData(folder: DataFolder): Promise<string[]> {
  const ours = /^(postgres|nats|kafka|logs|(ports|run)\.json(\.new)?|lock\.\d+|lock-draft\..*)$/;
  // The lock goes last: until then nobody else starts here.
  const names = (await readdir(folder.path)).sort((a, b) => Number(a.startsWith('lock.')) - Number(b.startsWith('lock.')));
  for (const name of names) if (ours.test(name)) await rm(join(folder.path, name), { recursive: true, force: true, maxRetries: 5 });
  await rm(join(folder.path, MARK), { force: true });
  const others = await readdir(folder.path);
  if (others.length === 0) await rmdir(folder.path);
  return others;
}

async function readMark(folder: DataFolder): Promise<number | null> {
  let text: string;
  try {
    text = await readFile(join(folder.path, MARK), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  try {
    const { madeBy, format } = JSON.parse(text) as { madeBy?: unknown; format?: unknown };
    return madeBy === 'sluice' && typeof format === 'number' ? format : null;
  } catch {
    return null; // some other program's file of this name
  }
}
