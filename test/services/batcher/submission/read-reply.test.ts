import { readAsked, readReply } from '../../../../services/batcher/submission/read-reply.ts';

const accepted = (...results: unknown[]) => JSON.stringify({ status: 'SUCCESS', results });
const result = (orderId: unknown, id: unknown, requestIndex = 0) => ({ requestIndex, status: 'SUCCESS', tradeOrder: { id, orderId } });

test('F20 an answer is matched by orderId: results in another order, with other indexes, or with some left out, never shift an id', () => {
  const reply = readReply([11, 12, 13], 201, accepted(result(13, 903, 0), result(11, 901, 2)));
  expect(reply).toEqual({ reply: 'accepted', sent: new Map([[13, 903], [11, 901]]), unknown: [12] });
});

test('what an answer does not say clearly is unknown, never guessed: foreign orders, no ids, ids given twice, an order with two', () => {
  const text = accepted(result(99, 900), result(11, '901'), result(12, 902), result(13, 902), result(14, 904), result(14, 905), { status: 'SUCCESS', tradeOrder: null }, null, result(15, 906), { ...result(16, 907), status: 'FAILURE' });
  expect(readReply([11, 12, 13, 14, 15, 16], 201, text)).toEqual({ reply: 'accepted', sent: new Map([[15, 906]]), unknown: [11, 12, 13, 14, 16] });
});

test.each([[500, '{}'], [503, '{"results":[]}'], [201, '{"results":[{"requ'], [200, ''], [408, '{}']])('%i %s is an unknown outcome', (status, text) => {
  expect(readReply([1], status, text)).toMatchObject({ reply: 'unknown' });
});

test.each([100, 300, 302, 303, 304, 402, 406, 410, 412, 418, 423, 425, 499])('F19 an answer of %i does not say that nothing was done: the outcome is unknown', (status) => {
  expect(readReply([1], status, '{}')).toEqual({ reply: 'unknown', why: `http-${status}` });
});

test('a refusal with reasons concerns the orders it names, by orderId or by the place in our call; those it calls good are not refused', () => {
  const text = JSON.stringify({ results: [{ requestIndex: 2, status: 'FAILURE', message: 'too large' }, { requestIndex: 0, orderId: 11, message: 'known' }, { requestIndex: 1, status: 'SUCCESS' }, { requestIndex: 7, status: 'FAILURE', message: 'whose?' }] });
  expect(readReply([10, 11, 12], 400, text)).toEqual({ reply: 'refused', reasons: new Map([[12, 'too large'], [11, 'known']]) });
});

test('a refusal without reasons, or one of the size, concerns the call as a whole; one of the caller none of the orders', () => {
  expect(readReply([1], 400, '<html>')).toMatchObject({ reply: 'refused-whole' });
  expect(readReply([1, 2], 413, JSON.stringify({ results: [{ requestIndex: 0, status: 'FAILURE', message: 'x' }] }))).toMatchObject({ reply: 'refused-whole' });
  expect(readReply([1], 401, '{}')).toEqual({ reply: 'not-taken', status: 401 });
  expect(readReply([1], 429, '{}')).toEqual({ reply: 'not-taken', status: 429 });
});

test('a question counts only trade orders of the order asked for: a service that ignores the filter and returns everything misleads nobody', () => {
  expect(readAsked(7, '[{"id":1,"orderId":6},{"id":2,"orderId":7}]')).toEqual([2]);
  expect(readAsked(7, '[{"id":1,"orderId":6}]')).toEqual([]);
  expect([readAsked(7, '{}'), readAsked(7, 'x'), readAsked(7, '[{"orderId":7}]')]).toEqual([undefined, undefined, undefined]);
});
