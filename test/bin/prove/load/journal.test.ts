import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal, runsOf, type Entry } from '../../../../bin/prove/load/journal.ts';

const entry = (no: number): Entry => ({ no, shape: 'small', items: 2, badShare: 0, keyed: false, edge: 0, fromMs: 0, toMs: 1, attempts: 1, batchId: `batch ${no} ü`, stored: [[0, 2, no * 10]], refused: [], withdrawn: [] });

test('entries come back in the order of their numbers, whatever the order they were written in, and numbers without one are left out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-journal-'));
  const journal = openJournal(folder);
  for (const no of [3, 1, 7, 2]) journal.write(entry(no));
  const read: Entry[] = [];
  for await (const one of journal.read()) read.push(one);
  expect(read).toEqual([1, 2, 3, 7].map(entry));
  expect(journal.entries).toBe(4);
  await rm(folder, { recursive: true });
});

test('fates become runs: neighbours with following ids are one, what is unknown is in none', () => {
  expect(runsOf([5, 6, 'refused', 'refused', undefined, 9, 11, 'withdrawn'])).toEqual({ stored: [[0, 2, 5], [5, 1, 9], [6, 1, 11]], refused: [[2, 2]], withdrawn: [[7, 1]] });
});
