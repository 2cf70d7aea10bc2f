import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, '../../../../helpers/read-long-upload.ts');
const ITEMS = 200_000;
/** Half of it would do; the items would take more than twice as much. */
const HEAP_MB = 32;

test.each(['ndjson', 'json', 'csv'])('%s: an upload of 200,000 items is read in the memory of a few segments', async (format) => {
  const { stdout } = await run(process.execPath, [`--max-old-space-size=${HEAP_MB}`, '--no-warnings', SCRIPT, format, String(ITEMS)], { env: { ...process.env, NODE_OPTIONS: '' } });
  const { read, mostBytes } = JSON.parse(stdout) as { read: number; mostBytes: number };
  expect(read).toBe(format === 'json' ? ITEMS + 1 : ITEMS);
  // All of the body is more than 80 MB.
  expect(mostBytes).toBeLessThan(32 * 1_048_576);
}, 180_000);
