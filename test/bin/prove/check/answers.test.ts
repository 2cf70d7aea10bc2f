import { checkAnswers } from '../../../../bin/prove/check/answers.ts';
import type { Row } from '../../../../bin/prove/check/rows.ts';
import { Chronicle } from '../../../../bin/prove/chronicle.ts';
import { itemContent } from '../../../../bin/prove/load/items.ts';
import type { Entry } from '../../../../bin/prove/load/journal.ts';
import { Scoreboard } from '../../../../bin/prove/promises.ts';

const LOAD = { seed: 3, tag: 'TEST' };
const row = (no: number, index: number, id: number): Row => ({ ...itemContent(LOAD, no, index), id, quantityFilled: '0.00000000', averagePrice: null, version: 1 });
const entry = (no: number, items: number, firstId: number): Entry => ({ no, shape: 'small', items, badShare: 0, keyed: false, edge: 0, fromMs: 0, toMs: 1, attempts: 1, stored: [[0, items, firstId]], refused: [], withdrawn: [] });

async function check(entries: Entry[], rows: Row[]) {
  const scoreboard = new Scoreboard();
  const told: number[] = [];
  const count = await checkAnswers({
    load: LOAD, scoreboard, changes: new Map(), batchState: () => 'closed', chronicle: new Chronicle(), onRow: ({ id }) => told.push(id),
    rows: (async function* () { yield* rows; })(), journal: { async *read() { yield* entries; } },
  });
  return { count, told, broken: scoreboard.rows().flatMap(({ name, cases }) => cases.map((text) => `${name}: ${text}`)) };
}

test('rows and requests walk side by side: each request meets its own rows', async () => {
  const { count, told, broken } = await check([entry(1, 2, 10), entry(4, 1, 20)], [row(1, 0, 10), row(1, 1, 11), row(4, 0, 20)]);
  expect({ count, told, broken }).toEqual({ count: 3, told: [10, 11, 20], broken: [] });
});

test('rows that no request sent are told, before, between and after those that were', async () => {
  const foreign: Row = { ...row(9, 0, 99), securityId: 'SOMEBODY-ELSES-RECORD-00' };
  const { count, broken } = await check([entry(2, 1, 20)], [row(1, 0, 10), row(2, 0, 20), row(3, 0, 30), foreign]);
  expect(count).toBe(4);
  expect(broken).toEqual([expect.stringContaining('once: record 10 '), expect.stringContaining('once: record 30 '), expect.stringContaining('once: record 99 ')]);
});

test('a lost item is told with its request and the fault under way', async () => {
  const { broken } = await check([entry(1, 2, 10)], [row(1, 0, 10)]);
  expect(broken).toEqual(['kept: request 1 (small, 1 attempts), item 1: told stored as record 11, is not there; under way: no fault']);
});
