import { nextTry, type TryState } from '../../../bin/batch/next-try.ts';
import { preview, previewText } from '../../../bin/batch/preview.ts';
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

test('preview: where a command leads and what becomes of the rest; what is not possible is said', () => {
  const of = (state: string, total: number | null = 10) => ({ batchId: 'b', state, written: 4, pending: 6, progress: { items: 4, bytes: 9, total, share: null } }) as unknown as Parameters<typeof preview>[1];
  expect(preview('pause', of('RUNNING'))).toEqual({ dryRun: true, batchId: 'b', from: 'RUNNING', to: 'PAUSED', written: 4, left: 6 });
  expect(preview('cancel', of('RECEIVING', null))).toMatchObject({ to: 'CANCELLING', left: null });
  expect(previewText('resume', preview('resume', of('PAUSED')))).toBe('Batch b: PAUSED → as before the pause. 4 items are written and stand; the 6 that are left go on. Nothing was changed.\n');
  expect(() => preview('start', of('RUNNING'))).toThrow('Now allowed: pause, cancel.');
  expect(() => preview('cancel', of('COMPLETED'))).toThrow('nothing of it can be changed any more');
  expect(() => preview('cancel', of('closed'))).toThrow('no large batch');
});

test('formOf: format and compression by the name', () => {
  expect(['a.ndjson', 'a.jsonl.gz', 'A.CSV.ZST', 'a.json', 'a', 'a.txt'].map((name) => Object.values(formOf(name)))).toEqual([['ndjson', undefined], ['ndjson', 'gzip'], ['csv', 'zstd'], ['json', undefined], ['ndjson', undefined], ['ndjson', undefined]]);
});

test('exitCodeOf: what failed, what could not be done, and what goes on', () => {
  const of = (state: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'RUNNING' | 'closed', rejected = 0, withdrawn = 0) => exitCodeOf({ state, rejected, withdrawn });
  expect([of('COMPLETED'), of('COMPLETED', 1), of('FAILED'), of('CANCELLED', 1), of('RUNNING', 1), of('closed', 0, 1)]).toEqual([0, 1, 3, 3, 0, 1]);
});
