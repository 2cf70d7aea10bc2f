import type { Answered } from '../../../../bin/prove/load/ask.ts';
import { readAnswer } from '../../../../bin/prove/load/read-answer.ts';

const answer = (status: number, body: unknown, headers: Answered['headers'] = {}): Answered => ({ status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) });
const mark = (index: number) => `mark ${index}`;
const batch = (status: number, results: unknown[]) => readAnswer(answer(status, { results, batchId: 'b' }), results.length, false, mark);

test('a batch tells of each item: its id, refused, or withdrawn', () => {
  const reading = batch(207, [
    { requestIndex: 0, status: 'SUCCESS', id: 7 },
    { requestIndex: 1, status: 'FAILED', code: 'range' },
    { requestIndex: 2, status: 'FAILED', code: 'withdrawn-deadline' },
    { requestIndex: 3, status: 'SUCCESS', execution: { id: 8, securityId: mark(3) } },
  ]);
  expect(reading).toEqual({ says: 'items', batchId: 'b', fates: [7, 'refused', 'withdrawn', 8], replayed: false });
});

test('a single record is stored with 201, refused with 400', () => {
  expect(readAnswer(answer(201, { id: 5 }, { 'sluice-batch-id': 'b' }), 1, true, mark)).toMatchObject({ says: 'items', batchId: 'b', fates: [5] });
  expect(readAnswer(answer(400, { code: 'invalid-record' }), 1, true, mark)).toMatchObject({ fates: ['refused'] });
});

test('503 says that nothing was done, with or without results; one that stored something does not', () => {
  expect(readAnswer(answer(503, { code: 'overloaded' }, { 'retry-after': '3' }), 2, false, mark)).toEqual({ says: 'not-done', batchId: undefined, retryAfterS: 3 });
  expect(batch(503, [{ requestIndex: 0, status: 'FAILED', code: 'withdrawn-unavailable' }])).toMatchObject({ says: 'not-done', batchId: 'b' });
  expect(batch(503, [{ requestIndex: 0, status: 'SUCCESS', id: 4 }])).toMatchObject({ says: 'items', fates: [4] });
});

test('202 leads to a batch, 409 of a request in progress says nothing', () => {
  expect(readAnswer(answer(202, { batchId: 'b', results: [] }), 1, false, mark)).toEqual({ says: 'pending', batchId: 'b' });
  expect(readAnswer(answer(409, { code: 'request-in-progress' }), 1, false, mark)).toEqual({ says: 'busy' });
});

test.each<[string, Answered, boolean]>([
  ['500', answer(500, { code: 'internal' }), false],
  ['no JSON', answer(201, '<html>'), false],
  ['JSON that is no object', answer(201, 'null'), false],
  ['too few results', answer(201, { results: [] }), false],
  ['results out of order', answer(201, { results: [{ requestIndex: 1, status: 'SUCCESS', id: 1 }] }), false],
  ["another item's record", answer(201, { results: [{ requestIndex: 0, status: 'SUCCESS', execution: { id: 1, securityId: mark(1) } }] }), false],
  ['success without an id', answer(201, { results: [{ requestIndex: 0, status: 'SUCCESS' }] }), false],
  ['201 without a record', answer(201, {}), true],
])('F3 F20 %s is no answer that is promised', (_name, given, single) => {
  expect(readAnswer(given, 1, single, mark)).toMatchObject({ says: 'nonsense' });
});
