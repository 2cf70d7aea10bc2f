import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAll, writeAll } from '../../scripts/generated/write-or-check.ts';
import { settingsPage } from '../../scripts/generated/settings-page.ts';
import { metricsPage } from '../../scripts/generated/metrics-page.ts';
import { table } from '../../scripts/generated/markdown.ts';

const ROOT = join(import.meta.dirname, '..', '..');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-generate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a generated file that is missing or was changed is named, with the command that mends it', async () => {
  const files = [
    { path: 'docs/a.md', render: () => 'a\n' },
    { path: 'b.md', render: () => 'b\n' },
  ];
  expect(await checkAll(files, folder)).toEqual(['docs/a.md is missing: run `npm run generate` and commit it.', 'b.md is missing: run `npm run generate` and commit it.']);
  expect(await writeAll(files, folder)).toEqual(['docs/a.md', 'b.md']);
  expect(await checkAll(files, folder)).toEqual([]);
  await writeFile(join(folder, 'b.md'), 'by hand\n');
  expect(await checkAll(files, folder)).toEqual(['b.md is not what the code says: run `npm run generate` and commit it.']);
  expect(await writeAll(files, folder)).toEqual(['b.md']);
  await expect(readFile(join(folder, 'b.md'), 'utf8')).resolves.toBe('b\n');
});

test('the pages in docs/ are what the code says', async () => {
  const said = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(process.execPath, [join(ROOT, 'scripts', 'generate.ts'), '--check'], (error, out, err) => resolve({ code: error ? Number(error.code) : 0, text: out + err }));
  });
  expect(said).toEqual({ code: 0, text: '' });
});

test('the page of settings gives variable, default, unit, bounds and meaning', () => {
  expect(settingsPage()).toContain('| `REQUEST_DEADLINE` | `25000` | ms | 100 to 600000 | yes | Longest time a call may take;');
  expect(settingsPage()).toContain('| `UNKNOWN_QUERY` | `reject` |  | `reject`, `ignore` |');
});

test('the page of metrics gives the names as they are exported, with type, unit and labels', () => {
  expect(metricsPage()).toContain('| `sluice_writer_rows_total` | counter | rows | `kind` | Rows written. |');
});

test('a bar in a cell does not break the table', () => {
  expect(table(['a'], [['x|y']])).toBe('| a |\n|---|\n| x\\|y |');
});
