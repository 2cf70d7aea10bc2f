import type { Row } from '../../../../bin/prove/check/rows.ts';
import { TopicWatch } from '../../../../bin/prove/check/topic.ts';
import { Chronicle } from '../../../../bin/prove/chronicle.ts';
import type { Changes } from '../../../../bin/prove/load/changes.ts';
import { itemContent } from '../../../../bin/prove/load/items.ts';
import type { Entry } from '../../../../bin/prove/load/journal.ts';
import { Scoreboard, type PromiseName } from '../../../../bin/prove/promises.ts';

const LOAD = { seed: 3, tag: 'TEST' };
const ENTRY: Entry = { no: 1, shape: 'small', items: 2, badShare: 0, keyed: false, edge: 0, fromMs: 10, toMs: 20, attempts: 1, stored: [[0, 2, 10]], refused: [], withdrawn: [] };
const CHANGES: Changes = new Map([[10, [{ no: 5, on: 1, fate: 'made', fromMs: 30, toMs: 40 }, { no: 6, on: 2, fate: 'refused', fromMs: 50, toMs: 60 }]]]);

let scoreboard: Scoreboard;
let chronicle: Chronicle;
let watch: TopicWatch;
let offset: number;
beforeEach(() => {
  [scoreboard, chronicle, offset] = [new Scoreboard(), new Chronicle(), 0];
  watch = new TopicWatch({ load: LOAD, changes: CHANGES, scoreboard, chronicle });
});

const row = (index: number, version = 1): Row => ({ ...itemContent(LOAD, 1, index), id: 10 + index, quantityFilled: version === 1 ? '0' : '5', averagePrice: null, version });
const comes = (index: number, version = 1, more: object = {}) => {
  const { quantity, ...content } = itemContent(LOAD, 1, index);
  watch.note({ partition: 0, offset: String(offset++), key: String(10 + index), value: JSON.stringify({ ...content, quantity: Number(quantity), id: 10 + index, version, quantityFilled: version === 1 ? 0 : 5, ...more }) });
};
const broken = (): PromiseName[] => scoreboard.rows().flatMap(({ name, broken: times }) => new Array<PromiseName>(times).fill(name));

test('every record came with its last version, repeats are counted and break nothing', () => {
  comes(0);
  comes(1);
  comes(1);
  comes(0, 2);
  watch.compare(row(0, 2), ENTRY, false);
  watch.compare(row(1), ENTRY, false);
  watch.finish();
  expect({ broken: broken(), messages: watch.messages, repeats: watch.repeats }).toEqual({ broken: [], messages: 4, repeats: 1 });
});

test('F64 an older version after a newer one breaks the order', () => {
  comes(0, 2);
  comes(0, 1);
  expect(broken()).toEqual(['ordered']);
});

test('a record that never came, or not with its last version, was not delivered', () => {
  comes(0);
  watch.compare(row(0, 2), ENTRY, false);
  watch.compare(row(1), ENTRY, false);
  expect(broken()).toEqual(['delivered', 'delivered']);
});

test('a dead letter is known, and is no loss; nor is what Kafka was made to forget', () => {
  watch.compare(row(1), ENTRY, true);
  chronicle.forgotten.push({ fromMs: 15, endMs: 25 });
  watch.compare(row(1), ENTRY, false);
  expect(broken()).toEqual([]);
  watch.compare(row(0, 2), ENTRY, false); // its change was made after that
  expect(broken()).toEqual(['delivered']);
});

test('F26 a message of a record that is not in the table is told', () => {
  comes(0);
  comes(1);
  watch.compare(row(0), ENTRY, false);
  watch.finish();
  expect(broken()).toEqual(['delivered']);
});

test('a version that no change made, or one that was refused, is told', () => {
  comes(0, 3, { quantityFilled: 6 });
  comes(1, 1, { quantityFilled: 9 });
  expect(broken()).toEqual(['delivered', 'delivered']);
});

test('a message with other content than was sent, or none of ours, is told', () => {
  comes(0, 1, { quantity: 1 });
  watch.note({ partition: 0, offset: '9', key: '1', value: 'not JSON' });
  comes(1, 1, { securityId: 'SOMEBODY-ELSES-RECORD-00' });
  expect(broken()).toEqual(['delivered', 'delivered', 'delivered']);
});
