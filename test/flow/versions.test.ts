import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send } from '../helpers/http.ts';
import { startLoad } from '../helpers/load.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LONG = { timeoutMs: 60_000 };

/** What git says here, or undefined where it cannot. */
const git = (...args: string[]) => new Promise<string | undefined>((resolve) => {
  execFile('git', ['-C', ROOT, ...args], (error, out) => resolve(error === null && out.trim() !== '' ? out.trim() : undefined));
});

let old: string | undefined;
let fleet: Fleet | undefined;
afterAll(async () => {
  await fleet?.stop();
  if (old !== undefined) await rm(old, { recursive: true, force: true });
});

/** The version before the newest migration in a folder of its own, or undefined where the history does not reach so far back. */
async function versionBefore(): Promise<string | undefined> {
  const newest = await git('log', '-1', '--diff-filter=A', '--format=%H', '--', 'shared/db/migrations');
  const before = newest === undefined ? undefined : await git('rev-parse', '--verify', '--quiet', `${newest}^`);
  if (before === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-before-'));
  const archive = spawn('git', ['-C', ROOT, 'archive', before], { stdio: ['ignore', 'pipe', 'inherit'] });
  const unpack = spawn('tar', ['-x', '-C', folder], { stdio: [archive.stdout, 'inherit', 'inherit'] });
  const [code] = (await once(unpack, 'exit')) as [number];
  expect(code).toBe(0);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

test('nodes of the version before the newest migration go on beside new ones, on the database that was migrated, and nothing is lost', async () => {
  old = await versionBefore();
  if (old === undefined) {
    process.stderr.write('git, or its history, is not here: that the version before runs beside this one was not tried.\n');
    return;
  }
  const running = (fleet = await startFleet({ writers: 1, relays: 1 }));
  const port = String(await freePort());
  const oldUrl = `http://127.0.0.1:${port}`;
  const folder = old;
  for (const [role, env] of [['edge', { PORT: port }], ['writer', {}], ['relay', {}]] as const) running.byHand(role, `old-${role}`, { folder, env });
  await running.sees('writer', 2);
  await running.sees('relay', 2);
  await waitFor(async () => (await send(oldUrl, 'GET', '/health/ready')).status === 200, { ...LONG, what: 'the old edge to be ready' });
  await running.sees('edge', 2);

  const loads = [startLoad(running.url, { senders: 2, items: 20 }), startLoad(oldUrl, { senders: 2, items: 20 })];
  const answered = (more: number) => {
    const from = loads.map(({ answers }) => answers);
    return waitFor(() => loads.every(({ answers }, i) => answers >= (from[i] ?? 0) + more), { ...LONG, what: 'answers of both edges' });
  };
  await answered(20);
  // Then the old nodes alone write and deliver, also for the new edge.
  for (const node of running.nodes().filter(({ id }) => !id.startsWith('edge'))) await node.stop();
  await running.sees('writer', 1);
  await answered(20);
  await Promise.all(loads.map((load) => load.stop()));
  const told = loads.flatMap((load) => load.told);
  expect(told.filter(({ fate }) => fate === 'unknown')).toEqual([]);
  const stored = told.filter(({ fate }) => fate === 'stored').length;
  expect(stored).toBeGreaterThan(0);
  expect(await running.sql('select count(*)::int as rows from execution')).toEqual([{ rows: stored }]);
  await running.quiet();
  expect((await send(running.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true });
}, 180_000);
