import { randomBytes } from 'node:crypto';
import { access, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { assertPortFree, freePort } from './free-port.ts';
import { postgresAccount } from './postgres-account.ts';
import type { PostgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { clearForeignLock } from './postgres-lock.ts';
import { runCommand } from './run-command.ts';
import { endOfLog, spawnServer, stopLeftover, waitUntilReady } from './server-process.ts';
import type { RunningServer, ServerCommand, SpawnedServer, StartOptions } from './server-process.ts';

const NAME = 'PostgreSQL';
/** Fast shutdown: sessions are ended, nothing is lost. SIGTERM would wait for every client to leave. */
const STOP_SIGNAL = 'SIGINT';
const USER = 'sluice';
const DATABASE = 'sluice';
const READY_TIMEOUT_MS = 120_000;
const INITDB_TIMEOUT_MS = 120_000;
const OLD_BACKENDS_TIMEOUT_MS = 20_000;
const MAX_CONNECTIONS = 200;

/**
 * A small server for one machine. fsync, synchronous_commit and full_page_writes stay as they are, on: a record that was answered
 * for must survive a power cut. Checkpoints are made rare instead, for each one makes the next write of a page log all of it.
 */
const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  tcp_keepalives_idle: '5',
  // Lines of the log must not carry customers' values, and statements do.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/**
 * Starts PostgreSQL on 127.0.0.1 and resolves when it answers. Its data, and the password that `url` carries, are kept in
 * `dataDir` and used again. Fails with ServerUnavailable where no PostgreSQL can be found.
 * `maxConnections`: 200 if not given.
 */
export async function startPostgres(options: StartOptions & { maxConnections?: number }): Promise<RunningServer> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const leftover = await stopLeftover(dataDir, STOP_SIGNAL);
  if (leftover) options.log(`Stopped a PostgreSQL that an earlier run had left behind (process ${leftover}).`);
  const binaries = await findPostgresBinaries();
  const account = await postgresAccount([binaries.postgres, join(dataDir, 'data')]);
  const password = await ensurePassword(dataDir, account);
  const cluster = await ensureCluster(dataDir, binaries, account);
  await clearForeignLock(cluster);
  const port = options.port ?? (await freePort());
  await assertPortFree(port, NAME);
  const url = (database: string): string => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  const server = await spawnPostgres({ name: NAME, ...account.start(binaries.postgres, postgresArgs(cluster, port, options.maxConnections)), dataDir, stopSignal: STOP_SIGNAL, onSpawn: options.onSpawn }, url('postgres'));
  await ensureDatabase(url('postgres'));
  return { ...server, name: NAME, url: url(DATABASE), port, stopSignal: STOP_SIGNAL };
}

function postgresArgs(cluster: string, port: number, maxConnections = MAX_CONNECTIONS): string[] {
  const settings = Object.entries({ ...SERVER_SETTINGS, max_connections: String(maxConnections), port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', cluster, ...settings];
}

async function spawnPostgres(command: ServerCommand, url: string): Promise<SpawnedServer> {
  const until = performance.now() + OLD_BACKENDS_TIMEOUT_MS;
  for (;;) {
    const server = await spawnServer(command);
    try {
      await waitUntilReady(NAME, server, () => answersTo(url), READY_TIMEOUT_MS);
      return server;
    } catch (error) {
      // After a kill -9 of the postmaster its backends take a moment to notice, and hold the shared memory until then.
      const waitsForBackends = (await endOfLog(server.logFile)).trimEnd().split('\n').slice(-2).some((line) => line.includes('shared memory block'));
      if (!waitsForBackends || performance.now() > until) throw error;
    }
  }
}

async function ensurePassword(dataDir: string, { ids }: PostgresAccount): Promise<string> {
  const file = join(dataDir, 'password');
  const kept = await readFile(file, 'utf8').catch(missingAsNull);
  const password = kept?.trim() || randomBytes(18).toString('base64url');
  if (password !== kept?.trim()) {
    // Renamed into place, so that a crash never leaves half a password for a cluster that has the whole one.
    await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  if (ids) await chown(file, ids.uid, ids.gid); // initdb reads it
  return password;
}

/** The cluster's folder; made in a folder beside and renamed, for an initdb that was killed leaves one that never starts. */
async function ensureCluster(dataDir: string, binaries: PostgresBinaries, account: PostgresAccount): Promise<string> {
  const cluster = join(dataDir, 'data');
  if (await access(cluster).then(() => true, () => false)) return cluster;
  const building = join(dataDir, 'data.new');
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { mode: 0o700 });
  if (account.ids) await chown(building, account.ids.uid, account.ids.gid);
  // The built-in locale sorts alike on every machine, whatever C library it has.
  const { command, args, ...ids } = account.start(binaries.initdb, [
    ...['-D', building, '-U', USER, '--auth=scram-sha-256', `--pwfile=${join(dataDir, 'password')}`],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ]);
  await runCommand(command, args, { timeoutMs: INITDB_TIMEOUT_MS, cwd: '/', ...ids });
  await rename(building, cluster);
  return cluster;
}

async function ensureDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });
}

async function answersTo(url: string): Promise<boolean> {
  return withClient(url, () => Promise.resolve(true)).catch((error: NodeJS.ErrnoException) => {
    // A password that does not fit will not fit later either.
    if (error.code?.startsWith('28')) throw error;
    return false;
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // a broken connection fails the query that is under way, which is told
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function missingAsNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
