import { categoryOf, tellingOf } from '../../../../services/batcher/process/categorise.ts';
import { StepError } from '../../../../shared/records/process-step.ts';

const withMark = (marks: object) => Object.assign(new Error('x'), marks);

test('what an error says of itself wins, also when it came from another node', () => {
  expect(categoryOf(new StepError('RESOURCE_ERROR', 'x'))).toBe('RESOURCE_ERROR');
  expect(categoryOf(withMark({ code: 422, data: { category: 'SYSTEM_ERROR' } }))).toBe('SYSTEM_ERROR');
  expect(categoryOf(new Error('outer', { cause: new StepError('ITEM_ERROR', 'x') }))).toBe('ITEM_ERROR');
  expect(categoryOf(withMark({ category: 'WHATEVER', code: 'ECONNREFUSED' }))).toBe('RESOURCE_ERROR');
});

test.each([
  ['a connection that is refused', withMark({ code: 'ECONNREFUSED' }), 'RESOURCE_ERROR'],
  ['fetch, whose cause tells', new TypeError('fetch failed', { cause: withMark({ code: 'UND_ERR_SOCKET' }) }), 'RESOURCE_ERROR'],
  ['503', withMark({ status: 503 }), 'RESOURCE_ERROR'],
  ['an action that nobody offers', withMark({ code: 404, type: 'SERVICE_NOT_FOUND' }), 'RESOURCE_ERROR'],
  ['a time limit', new DOMException('late', 'TimeoutError'), 'TIMEOUT_ERROR'],
  ['headers that did not come', withMark({ code: 'UND_ERR_HEADERS_TIMEOUT' }), 'TIMEOUT_ERROR'],
  ['an action that did not answer', withMark({ code: 504, type: 'REQUEST_TIMEOUT' }), 'TIMEOUT_ERROR'],
  ['404', withMark({ status: 404 }), 'ITEM_ERROR'],
  ['a row that breaks a constraint', withMark({ code: '23505' }), 'ITEM_ERROR'],
  ['a disk that is full', withMark({ code: 'ENOSPC' }), 'SYSTEM_ERROR'],
  ['a database that shuts down', withMark({ code: '57P01' }), 'SYSTEM_ERROR'],
  ['a fault of the step', new TypeError('x is undefined'), 'EXECUTION_ERROR'],
  ['something that is no error', 'oh', 'EXECUTION_ERROR'],
  ['nothing', undefined, 'EXECUTION_ERROR'],
] as const)('%s', (_, error, category) => expect(categoryOf(error)).toBe(category));

test('the client is told the error\'s words and those of its causes, bounded, and only what can be stored', () => {
  expect(tellingOf(new Error('outer', { cause: new Error('inner') }))).toBe('outer: inner');
  expect(tellingOf(new Error('a\u0000b\ud800'))).toBe('a\ufffdb\ufffd');
  expect(tellingOf(new Error('x'.repeat(10_000)))).toHaveLength(500);
  expect(tellingOf({})).toBe('The step failed, and did not say why.');
  const loop = new Error('loop');
  loop.cause = loop;
  expect(tellingOf(loop)).toBe('loop');
});
