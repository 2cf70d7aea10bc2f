import { readFile } from 'node:fs/promises';
import { timeLine } from '../../../bin/receipt/time-line.ts';
import type { Delivery, Receipt } from '../../../services/gateway/receipts/receipt.ts';

const same = (text: string) => text;
const plain = { red: same, green: same, yellow: same, dim: same };
const BATCH = '019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001';
const head = { batchId: BATCH, kind: 'execution', clientReference: 'run 7', acceptedAt: '2026-11-22T10:00:00.123Z' };
const delivery = (over: Partial<Delivery>): Delivery => ({ sink: 'kafka:orders', state: 'delivered', topic: 'orders', partition: 7, offset: null, at: null, attempts: 0, ...over });
const tries = [{ at: '2026-11-22T10:00:01.000Z', code: 'MESSAGE_TOO_LARGE' }];
const deadLetter = { id: 12, state: 'dead', code: 'MESSAGE_TOO_LARGE', class: 'message', reason: 'The message is too large.', attempts: 4, firstFailedAt: '2026-11-22T10:00:01.000Z', lastFailedAt: '2026-11-22T10:00:09.000Z', replays: 0, closedAt: null, closedBy: null, closedReason: null };
const written = { op: 'insert', version: 1, at: '2026-11-22T10:00:00.130Z', node: 'writer-1', slice: { firstIndex: 0, span: 500 } };
const changed: Receipt = {
  index: 17, status: 'SUCCESS', id: 20_498, ...head, written, delivery: [delivery({ offset: 4_711, at: '2026-11-22T10:00:00.190Z' })],
  changes: [{ version: 2, batchId: '019a9f2c-8a02-7d10-9c3e-5b1f6a7c0002', clientReference: null, at: '2026-11-22T10:05:00.000Z', node: 'writer-2', delivery: [delivery({ state: 'waiting', waiting: { reason: 'sink-away', detail: 'kafka does not answer. What is due waits in the ledger and is sent when it does.' } })] }],
};

const lines = (receipt: Receipt) => timeLine(receipt, plain).trimEnd().split('\n').map((line) => line.trim());
const last = (d: Partial<Delivery>) => lines({ index: 0, status: 'SUCCESS', id: 1, ...head, written, delivery: [delivery(d)] }).slice(3);

test('an item\'s way reads downwards: the page shows just this', async () => {
  const text = timeLine(changed, plain);
  expect(text.split('\n').slice(0, -1)).toHaveLength(6);
  expect(await readFile(new URL('../../../docs/receipts.md', import.meta.url), 'utf8')).toContain(text);
});

test('rejected, withdrawn and pending items say why', () => {
  expect(lines({ index: 3, status: 'FAILED', errors: [{ pointer: '/quantity', code: 'range', message: 'must be greater than 0.' }], ...head })).toEqual(['execution (no id)  FAILED', expect.stringContaining(`batch ${BATCH}, index 3, reference "run 7"`), 'rejected    /quantity range: must be greater than 0.']);
  expect(lines({ index: 3, status: 'FAILED', errors: [{ pointer: '', code: 'invalid-json', message: 'Line 4 is not valid JSON.' }], ...head })[2]).toBe('rejected    invalid-json: Line 4 is not valid JSON.');
  expect(lines({ index: 3, status: 'FAILED', withdrawn: true, errors: [{ pointer: '', code: 'withdrawn', message: 'Safe to send again.' }], ...head })[2]).toBe('withdrawn   Safe to send again.');
  expect(lines({ index: 3, status: 'PENDING', ...head })[2]).toBe('pending     not written yet');
});

test('every end of a message is told, with what led to it', () => {
  expect(last({ state: 'waiting', tries, waiting: { reason: 'retry', detail: 'Refused 1 time(s).', code: 'MESSAGE_TOO_LARGE', nextAttemptAt: '2026-11-22T10:00:02.000Z' } })).toEqual(['2026-11-22T10:00:01.000Z  refused     by kafka:orders: MESSAGE_TOO_LARGE', '2026-11-22T10:00:02.000Z  waiting     for orders, partition 7: retry (MESSAGE_TOO_LARGE). Refused 1 time(s).']);
  expect(last({ state: 'dead', deadLetter })).toEqual(['2026-11-22T10:00:09.000Z  dead        for orders, partition 7: dead letter 12, MESSAGE_TOO_LARGE: The message is too large.']);
  expect(last({ state: 'discarded', deadLetter: { ...deadLetter, closedAt: '2026-11-22T11:00:00.000Z', closedBy: 'kim', closedReason: 'a test' } })).toEqual(['2026-11-22T11:00:00.000Z  discarded   for orders, partition 7: dead letter 12, by kim: a test']);
  expect(last({ state: 'superseded', supersededBy: 2 })).toEqual(['superseded  for orders, partition 7: version 2 took its place']);
  expect(last({ offset: 9, replays: [{ replayId: 'r', releasedAt: '2026-11-22T10:10:00.000Z', state: 'delivered', offset: 9, at: null }] })).toEqual(['2026-11-22T10:10:00.000Z  replayed    delivered, replay r', 'delivered   orders, partition 7, offset 9']);
  expect(last({ sink: 'http:trade-service', topic: null, partition: null, at: '2026-11-22T10:00:03.000Z' })).toEqual(['2026-11-22T10:00:03.000Z  delivered   http:trade-service']);
});

test('a replay stands before the refusals that it met, in the order of time', () => {
  const replays = [{ replayId: 'r', releasedAt: '2026-11-22T10:10:00.000Z', state: 'dead' as const, offset: null, at: null }];
  const told = last({ state: 'dead', deadLetter, tries: [...tries, { at: '2026-11-22T10:10:00.030Z', code: 'MESSAGE_TOO_LARGE' }], replays });
  expect(told.map((line) => line.split(/ +/).slice(0, 2))).toEqual([
    ['2026-11-22T10:00:01.000Z', 'refused'], ['2026-11-22T10:10:00.000Z', 'replayed'], ['2026-11-22T10:10:00.030Z', 'refused'], ['2026-11-22T10:00:09.000Z', 'dead'],
  ]);
});
