import { spawn } from 'node:child_process';
import { access, chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { identify } from '../../../../shared/runtime/servers/process-identity.ts';
import { startPostgres } from '../../../../shared/runtime/servers/postgres.ts';
import type { RunningServer } from '../../../../shared/runtime/servers/server-process.ts';
import { ownServers } from '../../../helpers/own-servers.ts';

let parent: string;
let dataDir: string;
const servers = ownServers();
const start = (folder = dataDir): Promise<RunningServer> => servers.start(startPostgres, { dataDir: folder });
const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the server is killed under it
  await client.connect();
  return client;
};
const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = await connect(url);
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
};

const keepSeven = (url: string): Promise<unknown> => query(url, 'DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS id');

// One folder for all tests, each of which starts on what the one before has left: as in life, and initdb takes longer than a start.
beforeAll(async () => {
  parent = await servers.folder();
  await chmod(parent, 0o711);
  dataDir = join(parent, 'postgres');
});

test('starts PostgreSQL 18 that writes through to the disk, and on its data again after a stop', async () => {
  const first = await start();
  await keepSeven(first.url);
  const settings = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses') ORDER BY name";
  await expect(query(first.url, settings)).resolves.toEqual([
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'synchronous_commit', setting: 'on' },
  ]);
  await first.stop();
  await first.stop();
  await expect(first.exited).resolves.toEqual({ code: 0, signal: null });
  const second = await start();
  await expect(query(second.url, 'SELECT id, current_setting(\'server_version_num\')::int / 10000 AS major FROM kept')).resolves.toEqual([{ id: 7, major: 18 }]);
});

test('what was committed survives kill -9, and a start at once, with backends still there', async () => {
  const first = await start();
  await keepSeven(first.url);
  const busy = await connect(first.url);
  const dies = busy.query('SELECT pg_sleep(600)').catch(() => 'died');
  first.kill('SIGKILL');
  await first.exited;
  const second = await start();
  await expect(query(second.url, 'SELECT id FROM kept')).resolves.toEqual([{ id: 7 }]);
  await expect(dies).resolves.toBe('died');
});

test('a server that an earlier run left behind on the folder is stopped first', async () => {
  const leftBehind = await start();
  const second = await start();
  await expect(leftBehind.exited).resolves.toEqual({ code: 0, signal: null });
  expect(second.pid).not.toBe(leftBehind.pid);
  await query(second.url, 'SELECT 1');
});

test('a pid file whose number has gone to another process does that one no harm', async () => {
  const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    await writeFile(join(dataDir, 'server.pid'), JSON.stringify({ pid: bystander.pid, startedAt: '1' }));
    await start();
    expect(identify(bystander.pid as number)).not.toBeNull();
  } finally {
    bystander.kill();
  }
});

test('starts although a lock file left by a crash names a process that is somebody else\'s now', async () => {
  const first = await start();
  await keepSeven(first.url);
  first.kill('SIGKILL');
  await first.exited;
  const lock = join(dataDir, 'data', 'postmaster.pid');
  const [, ...rest] = (await readFile(lock, 'utf8')).split('\n');
  // Another process of the same account, which alone makes PostgreSQL believe it: a second server's.
  const other = await start(join(parent, 'other'));
  await writeFile(lock, [other.pid, ...rest].join('\n'));
  const second = await start();
  await expect(query(second.url, 'SELECT id FROM kept')).resolves.toEqual([{ id: 7 }]);
  await query(other.url, 'SELECT 1');
});

test('an initdb that was killed half way is done again', async () => {
  const first = await start();
  await first.stop();
  await rm(join(dataDir, 'data', 'global'), { recursive: true });
  await rename(join(dataDir, 'data'), join(dataDir, 'data.new'));
  const second = await start();
  await query(second.url, 'SELECT 1');
  await expect(access(join(dataDir, 'data.new'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('works in a folder that is closed to all but its owner', async () => {
  const closed = join(parent, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const first = await start(join(closed, 'postgres'));
  await keepSeven(first.url);
  await first.stop();
  const second = await start(join(closed, 'postgres'));
  await expect(query(second.url, 'SELECT id FROM kept')).resolves.toEqual([{ id: 7 }]);
});

test('lets nobody in without the password, which others cannot read', async () => {
  const server = await start();
  const wrong = new URL(server.url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
});

test('the end of its log is told when it cannot start', async () => {
  const server = await start();
  await server.stop();
  await writeFile(join(dataDir, 'data', 'postgresql.auto.conf'), "no_such_setting = 'x'\n");
  await expect(start()).rejects.toThrow(/PostgreSQL ended while it started[\s\S]*no_such_setting/);
});
