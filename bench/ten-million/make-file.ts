import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { jsonItem } from '../harness/rows.ts';

const LINES_AT_ONCE = 2_000;
/** One line in so many is refused: its quantity is not greater than 0. */
export const REFUSED_EVERY = 1_000;

/** Writes a file of executions as NDJSON, one in a thousand of them bad. */
export async function makeFile(path: string, items: number): Promise<void> {
  const file = createWriteStream(path);
  for (let at = 0; at < items; at += LINES_AT_ONCE) {
    let text = '';
    for (let i = at; i < Math.min(items, at + LINES_AT_ONCE); i++) text += `${i % REFUSED_EVERY === REFUSED_EVERY - 1 ? jsonItem(i).replace(/"quantity":[^,]+/, '"quantity":0') : jsonItem(i)}\n`;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}
