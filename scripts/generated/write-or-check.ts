import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file whose whole content follows from the code. */
export interface Generated {
  /** From the project's folder. */
  path: string;
  render: () => string | Promise<string>;
}

/** Writes each file that is not as it should be; returns the paths of those. */
export async function writeAll(files: readonly Generated[], root: string): Promise<string[]> {
  const written: string[] = [];
  for (const { path, render } of files) {
    const text = await render();
    if (read(join(root, path)) === text) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    written.push(path);
  }
  return written;
}

/** What is wrong with each file that is missing or not as it should be, and how to mend it; writes nothing. */
export async function checkAll(files: readonly Generated[], root: string): Promise<string[]> {
  const faults: string[] = [];
  for (const { path, render } of files) {
    const there = read(join(root, path));
    if (there === (await render())) continue;
    faults.push(`${path} ${there === null ? 'is missing' : 'is not what the code says'}: run \`npm run generate\` and commit it.`);
  }
  return faults;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
