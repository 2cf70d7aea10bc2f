import { nextTry, type TryState } from '../../../bin/batch/next-try.ts';
import { exitCodeOf } from '../../../bin/batch/texts.ts';
import { formOf } from '../../../bin/batch/upload-source.ts';
import { NoReply } from '../../../bin/send/http-client.ts';

describe('nextTry', () => {
  const state: TryState = { tries: 1, retries: 3, random: 0, again: 'from-offset' };
  const reply = (status: number, code?: string, headers: Record<string, string> = {}) => ({ reply: { status, headers, body: JSON.stringify({ code, detail: 'd' }) } });

  test.each([
    [202, undefined, 'done'], [409, 'upload-over', 'over'], [409, 'wrong-offset', 'again'], [409, 'upload-in-progress', 'again'], [400, 'body-incomplete', 'again'], [503, 'overload', 'again'],
    [500, undefined, 'again'], [400, 'item-too-long', 'stop'], [413, 'too-many-items', 'stop'], [415, undefined, 'stop'], [422, 'idempotency-key-reused', 'stop'], [404, undefined, 'stop'],
  ])('%i %s: %s', (status, code, act) => {
    expect(nextTry(reply(status, code), state).act).toBe(act);
  });

  test('a lease that was not given back yet is asked for sooner than it runs out', () => {
    expect(nextTry(reply(409, 'upload-in-progress', { 'retry-after': '15' }), state)).toMatchObject({ act: 'again', afterMs: 3_000 });
  });

  test('what is no file is not tried again, and what makes no progress not for ever', () => {
    const broken = { noReply: new NoReply('broke', false) };
    expect(nextTry(broken, state).act).toBe('again');
    expect(nextTry(broken, { ...state, again: 'never' })).toMatchObject({ act: 'stop', usage: false });
    expect(nextTry(broken, { ...state, tries: 4 })).toMatchObject({ act: 'stop', usage: false });
  });
});

test('formOf: format and compression by the name', () => {
  expect(['a.ndjson', 'a.jsonl.gz', 'A.CSV.ZST', 'a.json', 'a', 'a.txt'].map((name) => Object.values(formOf(name)))).toEqual([['ndjson', undefined], ['ndjson', 'gzip'], ['csv', 'zstd'], ['json', undefined], ['ndjson', undefined], ['ndjson', undefined]]);
});

test('exitCodeOf: what failed, what could not be done, and what goes on', () => {
  const of = (state: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'RUNNING' | 'closed', rejected = 0, withdrawn = 0) => exitCodeOf({ state, rejected, withdrawn });
  expect([of('COMPLETED'), of('COMPLETED', 1), of('FAILED'), of('CANCELLED', 1), of('RUNNING', 1), of('closed', 0, 1)]).toEqual([0, 1, 3, 3, 0, 1]);
});
