import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { startSystem } from '../../helpers/system.ts';

const run = promisify(execFile);
const CLIENT = fileURLToPath(new URL('../../../clients/typescript', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

test('the example of the README runs against a real Sluice and prints what it says; the package is built as plain JavaScript', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-client-'));
  const system = await startSystem({ writers: 1 });
  try {
    await run(process.execPath, [TSC, '-p', CLIENT, '--outDir', join(folder, 'dist')]);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const readme = await readFile(join(CLIENT, 'README.md'), 'utf8');
    const [, example = '', says = ''] = /```ts\n([\s\S]*?)```\n\nprints\n\n```\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(example).toContain("from '@sluice/client'");
    await writeFile(join(folder, 'example.ts'), example.replace("'@sluice/client'", JSON.stringify(pathToFileURL(join(folder, 'dist', 'index.js')).href)));
    const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', join(folder, 'example.ts')], { env: { PATH: process.env.PATH, SLUICE_URL: system.url } });
    expect(stdout).toBe(says);
  } finally {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
