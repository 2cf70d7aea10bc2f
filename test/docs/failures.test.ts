import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FAILURES = 67;
const page = readFileSync(join(ROOT, 'docs/failures.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| F\d+ \|/.test(line)).map((line) => {
  const [, name = '', failure = '', why = ''] = line.split(/ ?\| ?/);
  return { name, failure, why };
});

test('every failure stands there once, in order, with a test or a reason', () => {
  expect(rows.map((row) => row.name)).toEqual(Array.from({ length: FAILURES }, (_, i) => `F${i + 1}`));
  expect(rows.filter((row) => row.failure === '' || row.why === '')).toEqual([]);
});

test('every test that is named is there', () => {
  const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, path = '', title = '']) => ({ path, title }));
  expect(named.length).toBeGreaterThan(FAILURES);
  const titles = (path: string) => (existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '').split('\n').filter((line) => /^ *(?:test|describe)[.(]|^ *\]\)\(|^ *\[?'F\d/.test(line)).join('\n').replaceAll("\\'", "'");
  expect(named.filter(({ path, title }) => !titles(path).includes(title))).toEqual([]);
});

test('every other file that is named is there', () => {
  const named = [...page.matchAll(/`([a-z][\w./-]+\.(?:ts|md))`/g)].map(([, path = '']) => path);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every failure that a test names in its title has a row that names tests', () => {
  const named = new Set<string>();
  for (const file of readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts') || file.startsWith('docs')) continue;
    for (const [title] of readFileSync(join(ROOT, 'test', file), 'utf8').matchAll(/(?<=^\s*(?:test|describe).*?\(\s*['"`])(?:F\d+ )+/gm)) for (const name of title.trim().split(' ')) named.add(name);
  }
  expect(named.size).toBeGreaterThan(30);
  expect([...named].filter((name) => rows.find((row) => row.name === name)?.why.includes('.test.ts`') !== true)).toEqual([]);
});
