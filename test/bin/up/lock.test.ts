import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../bin/up/lock.ts';
import { identify } from '../../../shared/runtime/servers/process-identity.ts';

const LOCK = join(import.meta.dirname, '..', '..', '..', 'bin', 'up', 'lock.ts');
const CONTENDERS = 6;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that takes the lock, says whether it got it, and stays until its stdin closes. */
const contend = () => {
  const code = `import { takeLock } from ${JSON.stringify(LOCK)}; console.log((await takeLock(${JSON.stringify(folder)})) === null ? 'got' : 'refused'); process.stdin.resume();`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const said = new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())));
  return { child, said, ended };
};

test('of many that find a dead holder at once, exactly one gets the folder', async () => {
  await writeFile(join(folder, 'lock.7'), JSON.stringify({ pid: process.pid, startedAt: 'in another life' }));
  const all = Array.from({ length: CONTENDERS }, contend);
  const said = await Promise.all(all.map((one) => one.said));
  expect(said.filter((word) => word === 'got')).toHaveLength(1);
  for (const { child, ended } of all) {
    child.stdin.end();
    await ended;
  }
});

test('a holder that was killed holds nothing', async () => {
  const holder = contend();
  expect(await holder.said).toBe('got');
  expect(await takeLock(folder)).toMatchObject({ pid: holder.child.pid });
  holder.child.kill('SIGKILL');
  await holder.ended;
  expect(await takeLock(folder)).toBeNull();
  expect(await takeLock(folder)).toEqual(identify(process.pid));
  expect(await readdir(folder)).toEqual(['lock.2']);
});

test('a lock file that was cut off by a crash holds nothing', async () => {
  await writeFile(join(folder, 'lock.1'), '{"pid":');
  expect(await takeLock(folder)).toBeNull();
});
