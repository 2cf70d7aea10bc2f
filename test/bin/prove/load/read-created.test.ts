import { readCreated } from '../../../../bin/prove/load/read-created.ts';

const read = (status: number, body: object) => readCreated({ status, headers: { 'retry-after': '3' }, text: JSON.stringify(body) }, 2, (index) => `mark ${index}`);
const good = { status: 'SUCCESS', orderId: 7, order: { id: 7, security: { securityId: 'mark 0' } }, requestIndex: 0 };
const bad = { status: 'FAILURE', order: null, code: 'range', requestIndex: 1 };

test('what an answer says of each order is read by its place', () => {
  expect(read(207, { batchId: 'b', orders: [good, bad] })).toEqual({ says: 'items', batchId: 'b', fates: [7, 'refused'], replayed: false });
  expect(read(207, { orders: [good, { ...bad, code: 'withdrawn-deadline' }] })).toMatchObject({ fates: [7, 'withdrawn'] });
  expect(read(503, { code: 'overloaded' })).toMatchObject({ says: 'not-done', retryAfterS: 3 });
  expect(read(202, { batchId: 'b' })).toEqual({ says: 'pending', batchId: 'b' });
});

test.each<[string, number, object]>([
  ['rows in another order', 207, { orders: [bad, good] }],
  ['another order in a row', 207, { orders: [{ ...good, order: { id: 7, security: { securityId: 'mark 1' } } }, bad] }],
  ['an id of a failed row', 207, { orders: [good, { ...bad, orderId: 8 }] }],
  ['too few rows', 200, { orders: [good] }],
  ['a status that is not promised', 500, { orders: [good, bad] }],
])('%s is no answer that Sluice promises', (_what, status, body) => {
  expect(read(status, body)).toMatchObject({ says: 'nonsense' });
});
