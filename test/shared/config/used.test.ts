import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../../shared/config/settings.ts';

const ROOT = join(import.meta.dirname, '../../..');
// The tests' kinds too: some settings are there for kinds that others add.
const sources = ['services', 'shared', 'bin', 'test/helpers/kinds'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => join(folder, file)),
);
/** All code but the table itself, without comments. */
const code = [...sources, 'moleculer.config.ts'].filter((file) => file !== 'shared/config/settings.ts').map((file) => readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')).join('\n');

test.each(Object.keys(SETTINGS))('F52 the setting %s is used by something', (name) => {
  expect(new RegExp(`(?:\\.${name}\\b|'${name}'|[{,]\\s*${name}\\s*[,:}])`).test(code)).toBe(true);
});
