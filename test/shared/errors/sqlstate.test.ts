import { causeLabel, classifyFailure, faultOfDataError } from '../../../shared/errors/sqlstate.ts';
import { StatementTimeout } from '../../../shared/db/run-statement.ts';

const kind = { constraints: { note_reference: { pointer: '/reference', code: 'duplicate', message: 'There already.' } } };
const classOf = (code?: string, constraint?: string) => classifyFailure(Object.assign(new Error('x'), { code, constraint }), kind, 'note_pkey');

test.each([
  ['22001', undefined, 'data'], ['22003', undefined, 'data'], ['22021', undefined, 'data'],
  ['23505', 'note_reference', 'data'], ['23505', 'another', 'again'], ['23514', 'ours', 'again'], ['23502', undefined, 'again'], ['23505', 'note_pkey', 'id-conflict'],
  ['40P01', undefined, 'again'], ['40001', undefined, 'again'], ['40003', undefined, 'unknown'], ['25006', undefined, 'again'], ['42P01', undefined, 'again'],
  ['53100', undefined, 'again'], ['53300', undefined, 'again'], ['55P03', undefined, 'again'], ['57014', undefined, 'again'],
  ['57P01', undefined, 'unknown'], ['08006', undefined, 'unknown'], ['58030', undefined, 'unknown'], ['XX000', undefined, 'unknown'], ['25P04', undefined, 'unknown'],
  ['ECONNRESET', undefined, 'unknown'], ['22', undefined, 'unknown'], [undefined, undefined, 'unknown'],
])('F62 %s (%s) means %s', (code, constraint, meaning) => expect(classOf(code, constraint)).toBe(meaning));

test('F55 what a client is told of a refused value never quotes PostgreSQL', () => {
  const error = Object.assign(new Error('invalid input: "secret"'), { code: '22P02', detail: 'Key (a)=(secret)' });
  expect(JSON.stringify(faultOfDataError(error, kind))).not.toContain('secret');
});

test('a failure\'s label tells connections, time limits and SQLSTATE classes apart', () => {
  expect([new StatementTimeout('s', 1), new Error('Connection terminated'), Object.assign(new Error(), { code: 'ECONNRESET' }), Object.assign(new Error(), { code: '40P01' })].map(causeLabel)).toEqual(['timeout', 'connection', 'connection', 'sqlstate_40']);
});
