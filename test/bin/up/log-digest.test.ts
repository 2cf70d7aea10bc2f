import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followLog } from '../../../bin/up/follow-log.ts';
import { createLogDigest } from '../../../bin/up/log-digest.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const line = (level: string, msg: string, message?: string) => JSON.stringify({ level, msg, ...(message === undefined ? {} : { err: { message } }) });

test('only warnings and errors are shown, with the reason', () => {
  const digest = createLogDigest(10_000);
  expect(digest.take('edge', line('info', 'node started'), 0)).toEqual([]);
  expect(digest.take('edge', line('warn', 'it waits'), 0)).toEqual([{ level: 'warn', text: 'edge: it waits' }]);
  expect(digest.take('edge', line('error', 'a flush failed', 'disk full\nat ...'), 0)).toEqual([{ level: 'error', text: 'edge: a flush failed: disk full' }]);
  expect(digest.take('edge', '    at Object.<anonymous>', 0)).toEqual([]);
  expect(digest.take('edge', '{"level":"error","ms', 0)).toEqual([]);
});

test('the same again is kept quiet for a while, then counted', () => {
  const digest = createLogDigest(10_000);
  const warn = line('warn', 'broker away');
  const shown = [0, 100, 9_999, 10_000].flatMap((now) => digest.take('relay', warn, now));
  expect(shown.map(({ text }) => text)).toEqual(['relay: broker away', 'relay: broker away (and 2 more like it before)']);
  expect(digest.take('relay-2', warn, 10_001)).toHaveLength(1);
});

test('a log is followed from where it was, across cut lines and a new file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-log-'));
  const file = join(folder, 'edge.log');
  await writeFile(file, 'of an earlier run\n');
  const lines: string[] = [];
  const errors: unknown[] = [];
  const follow = await followLog(file, (text) => lines.push(text), (error) => errors.push(error));
  await appendFile(file, 'first\nsec');
  await waitFor(() => lines.length === 1, { what: 'the first line' });
  await appendFile(file, 'ond\n');
  await waitFor(() => lines.length === 2, { what: 'the second line' });
  await writeFile(file, 'new file\n');
  await follow.stop();
  expect({ lines, errors }).toEqual({ lines: ['first', 'second', 'new file'], errors: [] });
  await rm(folder, { recursive: true });
});
