import { fork } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, findCached, installOnce } from '../../../../shared/runtime/servers/cache.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-cache-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const installText = (text: string) => (folder: string) => writeFile(join(folder, 'program'), text);

test('an install happens once and is found afterwards', async () => {
  const folder = await installOnce('server-1', installText('first'), root);
  await expect(installOnce('server-1', installText('second'), root)).resolves.toBe(folder);
  await expect(findCached('server-1', root)).resolves.toBe(folder);
  await expect(readFile(join(folder, 'program'), 'utf8')).resolves.toBe('first');
});

test('an install that fails leaves nothing, and can be tried again', async () => {
  const broken = installOnce('server-1', async (folder) => {
    await writeFile(join(folder, 'program'), 'half');
    throw new Error('the network went away');
  }, root);
  await expect(broken).rejects.toThrow('the network went away');
  await expect(readdir(root)).resolves.toEqual([]);
  const folder = await installOnce('server-1', installText('whole'), root);
  await expect(readFile(join(folder, 'program'), 'utf8')).resolves.toBe('whole');
});

test('a folder of the right name that is not whole does not count and is replaced', async () => {
  await mkdir(join(root, 'server-1'));
  await writeFile(join(root, 'server-1', 'program'), 'half');
  await expect(findCached('server-1', root)).resolves.toBeNull();
  const folder = await installOnce('server-1', installText('whole'), root);
  await expect(readFile(join(folder, 'program'), 'utf8')).resolves.toBe('whole');
  await expect(readdir(root)).resolves.toEqual(['server-1']);
});

test('many installs at once end with one whole folder', async () => {
  const folders = await Promise.all(['a', 'b', 'c', 'd'].map((text) => installOnce('server-1', installText(text), root)));
  expect(new Set(folders)).toEqual(new Set([join(root, 'server-1')]));
  await expect(readdir(root)).resolves.toEqual(['server-1']);
});

test('an install whose process was killed in the middle counts for nothing', async () => {
  const child = fork(join(import.meta.dirname, '..', 'fixtures', 'install-for-ever.ts'), [root], { execArgv: [] });
  await waitFor(async () => (await readdir(root)).length > 0, { what: 'the install to begin' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  await expect(findCached('server-1', root)).resolves.toBeNull();
  await installOnce('server-1', installText('whole'), root);
  await expect(findCached('server-1', root)).resolves.toBe(join(root, 'server-1'));
});

test('what a killed install left is cleared away an hour later', async () => {
  const abandoned = join(root, '.installing-server-1-1-abcd');
  await mkdir(abandoned);
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  await utimes(abandoned, longAgo, longAgo);
  await installOnce('server-1', installText('whole'), root);
  await expect(readdir(root)).resolves.toEqual(['server-1']);
});

test.each([
  [{ SLUICE_CACHE: '/a/b', XDG_CACHE_HOME: '/x' }, '/a/b'],
  [{ XDG_CACHE_HOME: '/x' }, '/x/sluice'],
])('the cache folder follows the environment %j', (env, folder) => {
  expect(cacheFolder(env)).toBe(folder);
});
