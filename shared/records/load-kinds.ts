import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BATCH_KIND, ITEM_KIND } from '../batches/batch-events.ts';
import type { RecordKind } from './record-kind.ts';

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * The record kinds of this process: every `*.kind.ts` file beside this one, and the files named by `extra`
 * (paths, comma separated, relative to the working folder).
 * @throws Error if a file exports no kind, or two kinds claim one name or path
 */
export async function loadKinds(extra: string): Promise<RecordKind[]> {
  const own = readdirSync(HERE).filter((f) => f.endsWith('.kind.ts')).sort().map((f) => join(HERE, f));
  const others = extra.split(',').map((f) => f.trim()).filter((f) => f !== '').map((f) => resolve(f));
  const kinds: RecordKind[] = [];
  for (const file of [...own, ...others]) {
    const kind = ((await import(pathToFileURL(file).href)) as { default?: RecordKind }).default;
    if (kind?.entity === undefined || kind.name === undefined) throw new Error(`${file} must export a record kind as its default (see docs/adding-a-record-kind.md)`);
    const clash = kinds.find((k) => k.name === kind.name || k.rest.collection === kind.rest.collection);
    if (clash !== undefined) throw new Error(`${file}: the name "${kind.name}" or path "${kind.rest.collection}" is taken by kind "${clash.name}"`);
    if (kind.name === BATCH_KIND || kind.name === ITEM_KIND) throw new Error(`${file}: no record kind may be called "${kind.name}": events of batches and items are told under that name`);
    kinds.push(kind);
  }
  return kinds;
}
