import { readAnswer, readReceipts } from '../../../bin/send/answer.ts';

describe('readAnswer', () => {
  test('F20 a result belongs to its item by index, in whatever order results come', () => {
    const results = [{ requestIndex: 2, status: 'SUCCESS' }, { requestIndex: 0, status: 'FAILED', errors: [{ pointer: '/executions/0/quantity', code: 'range', message: 'm' }] }, { requestIndex: 1, status: 'SUCCESS' }];
    expect(readAnswer(JSON.stringify({ status: 'PARTIAL_SUCCESS', results }), 3)).toEqual([
      { is: 'failed', faults: [{ pointer: '/quantity', code: 'range', message: 'm' }] }, { is: 'written' }, { is: 'written' },
    ]);
  });

  test('F17 an item that the answer passes over is unknown, not failed and not written', () => {
    expect(readAnswer(JSON.stringify({ status: 'PARTIAL_SUCCESS', results: [{ requestIndex: 0, status: 'SUCCESS' }, { requestIndex: 9, status: 'SUCCESS' }] }), 2)).toEqual([{ is: 'written' }, { is: 'unknown' }]);
  });

  test('faults listed beside the results are found by index', () => {
    const answer = { status: 'FAILED', results: [{ requestIndex: 0, status: 'FAILED', message: 'x' }], errors: [{ index: 0, pointer: '/executions/0', code: 'not-an-object', message: 'm' }] };
    expect(readAnswer(JSON.stringify(answer), 1)).toEqual([{ is: 'failed', faults: [{ pointer: '', code: 'not-an-object', message: 'm' }] }]);
  });

  test('a problem document without results fails every item with its code', () => {
    expect(readAnswer('{"code":"invalid-json","detail":"d"}', 2)).toEqual(Array(2).fill({ is: 'failed', faults: [{ pointer: '', code: 'invalid-json', message: 'd' }] }));
  });

  test('what is no JSON is no answer', () => {
    expect(() => readAnswer('<html>', 1)).toThrow();
  });
});

test('readReceipts: items without a receipt, or still pending, are unknown', () => {
  expect(readReceipts('{"index":1,"status":"SUCCESS"}\n{"index":2,"status":"PENDING"}\n', 3).map((f) => f.is)).toEqual(['unknown', 'written', 'unknown']);
});
