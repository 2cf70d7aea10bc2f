import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of a file in examples/. */
export const examplePath = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** Items of examples/executions.ndjson, and how many of them are good. */
export const EXAMPLE_ITEMS = 10_000;
export const EXAMPLE_GOOD = 9_900;

/** A file with the example's items so many times over, for a send that takes a while; in a folder of its own, which whoever asked removes. */
export async function longExample(times: number): Promise<string> {
  const text = await readFile(examplePath('executions.ndjson'), 'utf8');
  const path = join(await mkdtemp(join(tmpdir(), 'sluice-long-')), 'long.ndjson');
  await writeFile(path, text.repeat(times));
  return path;
}
