import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NamedStatement } from '../../../../shared/db/queries/flush.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/db/queries');

/** Statements that read rows of every sort from the ledger, and why that is right. */
const ALL_SORTS: Readonly<Record<string, string>> = {
  PIECE_END: 'cuts the ledger into pieces of whole batches, whatever their rows are',
  VERIFY_REJECTS: 'looks at rows with rejects, one by one; only slices have any',
  VERIFY_DELIVERY: 'an event is due to its sink like a record',
  VERIFY_LETTERS: 'joins by the whole key, op included',
  DEAD_LETTER: 'joins by the whole key, op included',
  UNDELIVERED: 'whoever waits for the delivery of a batch waits for its events too',
};

const isStatement = (it: unknown): it is NamedStatement => typeof it === 'object' && it !== null && typeof (it as NamedStatement).text === 'string';

/** What follows each reading of the ledger, up to the next one. */
function readings(text: string): string[] {
  return text.split(/\b(?=(?:from|join) ledger\b)/).slice(1);
}

test('whoever reads the ledger says which sort of rows it means: events and replays never count as items', async () => {
  const unsaid: string[] = [];
  let read = 0;
  for (const file of readdirSync(FOLDER)) {
    const module = (await import(pathToFileURL(join(FOLDER, file)).href)) as Record<string, unknown>;
    for (const [name, it] of Object.entries(module)) {
      if (!isStatement(it) || ALL_SORTS[name] !== undefined) continue;
      for (const part of readings(it.text)) {
        read++;
        // A relay's statements are about all that one sink is owed.
        if (!/\bop\b/.test(part) && !/\bsink = (?:\$1|e\.sink)(?!\w)/.test(part)) unsaid.push(`${file} ${name}: ${part.slice(0, 120).replace(/\s+/g, ' ')}`);
      }
    }
  }
  expect(unsaid).toEqual([]);
  expect(read).toBeGreaterThan(20);
});
