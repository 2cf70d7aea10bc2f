import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandFailed, findOnPath, runCommand } from './run-command.ts';
import { ServerUnavailable } from './server-unavailable.ts';

/** How PostgreSQL's programs are started. */
export interface PostgresAccount {
  /** Set when we are root, under which PostgreSQL refuses to run: files it writes must belong to this account. */
  ids?: { uid: number; gid: number };
  /** Command and arguments with which one of its programs is really started. */
  start(program: string, args: readonly string[]): { command: string; args: readonly string[]; uid?: number; gid?: number };
}

/** Either lets root's former powers over reading folders stay while the account changes; containers often have the second only. */
const CAPABILITIES = ['dac_read_search', 'dac_override'];

/**
 * The account under which PostgreSQL runs: our own, or for root the user `postgres` (made if missing, else `nobody`). `paths` are
 * what it must reach; where a folder above them is closed to that user (a checkout in /root, say), it keeps the one
 * capability to pass. Fails with ServerUnavailable if no way leads there.
 */
export async function postgresAccount(paths: readonly string[], currentUid = process.getuid?.()): Promise<PostgresAccount> {
  if (currentUid !== 0) return { start: (command, args) => ({ command, args }) };
  const ids = await unprivilegedIds();
  if (await canReachAll(paths, ids)) return { ids, start: (command, args) => ({ command, args, ...ids }) };
  const setpriv = await workingSetpriv(ids);
  if (setpriv) return { ids, start: (program, args) => ({ command: 'setpriv', args: [...setpriv, program, ...args] }) };
  throw new ServerUnavailable(
    'PostgreSQL',
    [`running it as user id ${ids.uid} (PostgreSQL refuses root), which cannot reach ${paths.join(' and ')}`, 'setpriv with dac_read_search or dac_override (not possible here)'],
    'Run Sluice as an ordinary user, or move the project and SLUICE_DATA to a folder that others may pass, or set POSTGRES_URL.',
  );
}

async function unprivilegedIds(): Promise<{ uid: number; gid: number }> {
  const there = idsOf('postgres');
  if (there) return there;
  await runCommand('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', 'postgres']).catch(unlessCommandFailed);
  const ids = idsOf('postgres') ?? idsOf('nobody');
  if (!ids) throw new ServerUnavailable('PostgreSQL', ['running it as postgres or nobody (neither user exists, and PostgreSQL refuses root)'], 'Run Sluice as an ordinary user, or set POSTGRES_URL.');
  return ids;
}

function idsOf(user: string): { uid: number; gid: number } | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === user) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

async function canReachAll(paths: readonly string[], ids: { uid: number; gid: number }): Promise<boolean> {
  for (const path of paths) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const { mode, uid, gid } = await stat(folder);
      const bit = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
      if (!(mode & bit)) return false;
      if (folder === dirname(folder)) break;
    }
  }
  return true;
}

async function workingSetpriv(ids: { uid: number; gid: number }): Promise<readonly string[] | null> {
  if ((await findOnPath('setpriv')).length === 0) return null;
  for (const capability of CAPABILITIES) {
    // Without the secure bit access(2), by which initdb looks for its neighbours, leaves capabilities out of account.
    const args = [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', '--securebits=+no_setuid_fixup', `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`];
    const works = await runCommand('setpriv', [...args, 'true']).then(() => true, unlessCommandFailed);
    if (works) return args;
  }
  return null;
}

function unlessCommandFailed(error: unknown): false {
  if (error instanceof CommandFailed) return false;
  throw error;
}
