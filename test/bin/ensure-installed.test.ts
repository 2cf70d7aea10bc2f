import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '..', '..', 'bin', 'ensure-installed.mjs');
let project: string;

const write = (path: string, content: unknown): Promise<void> => writeFile(join(project, path), JSON.stringify(content));
const ensure = (env: Record<string, string> = {}): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, project], { env: { ...process.env, ...env } }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }));
  });
const dependency = (version: string): Promise<unknown> =>
  Promise.all([
    write('part/package.json', { name: 'part', version }),
    write('package-lock.json', {
      name: 'project',
      lockfileVersion: 3,
      packages: { '': { dependencies: { part: 'file:part' } }, 'node_modules/part': { version, resolved: 'file:part', link: false } },
    }),
  ]);

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'sluice-install-'));
  await mkdir(join(project, 'part'));
  await write('package.json', { name: 'project', dependencies: { part: 'file:part' } });
  // Copied rather than linked, as packages of a registry are.
  await writeFile(join(project, '.npmrc'), 'install-links=true\noffline=true\n');
  await dependency('1.0.0');
});
afterEach(() => rm(project, { recursive: true, force: true }));

const installedVersion = async (): Promise<unknown> =>
  (JSON.parse(await readFile(join(project, 'node_modules', 'part', 'package.json'), 'utf8')) as { version: unknown }).version;

test('installs once, says so in one line, and then is silent', async () => {
  const first = await ensure();
  expect(first).toEqual({ code: 0, said: expect.stringMatching(/^Installing packages with npm ci \(no packages here yet.*done in [\d.]+ s\.\n$/) as string });
  await expect(installedVersion()).resolves.toBe('1.0.0');
  await expect(ensure()).resolves.toEqual({ code: 0, said: '' });
});

test('installs again when the lock file asks for something else', async () => {
  await ensure();
  await dependency('2.0.0');
  await expect(ensure()).resolves.toMatchObject({ code: 0, said: expect.stringContaining('the lock file has changed') as string });
  await expect(installedVersion()).resolves.toBe('2.0.0');
});

test('installs again after an install that was cut off', async () => {
  await ensure();
  await rm(join(project, 'node_modules', '.package-lock.json'));
  await rm(join(project, 'node_modules', 'part'), { recursive: true });
  await expect(ensure()).resolves.toMatchObject({ code: 0 });
  await expect(installedVersion()).resolves.toBe('1.0.0');
});

test('shows what npm said, and what to do, when the install fails', async () => {
  await write('package.json', { name: 'project', dependencies: { other: '1.0.0' } });
  const { code, said } = await ensure();
  expect(code).toBe(1);
  expect(said).toMatch(/failed after[\s\S]*npm error[\s\S]*npm ping/);
});

test('says so where there is no npm', async () => {
  await expect(ensure({ PATH: project })).resolves.toMatchObject({ code: 1, said: expect.stringContaining('npm is not on PATH') as string });
});
