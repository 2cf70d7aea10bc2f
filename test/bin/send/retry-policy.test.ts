import { NoReply, type Reply } from '../../../bin/send/http-client.ts';
import { decide, retryAfterOf, type RetryState } from '../../../bin/send/retry-policy.ts';

const state: RetryState = { tries: 1, retries: 5, keyed: true, random: 0 };
const reply = (status: number, headers: Record<string, string> = {}, body = ''): { reply: Reply } => ({ reply: { status, headers, body } });

describe('decide', () => {
  test.each([200, 201, 202, 207, 400, 413])('%i is an answer', (status) => {
    expect(decide(reply(status), state)).toEqual({ act: 'read' });
  });

  test.each([408, 500, 502, 504])('F17 %i leaves the outcome unknown: again with a key, never without', (status) => {
    expect(decide(reply(status), state).act).toBe('again');
    expect(decide(reply(status), { ...state, keyed: false }).act).toBe('stop');
  });

  test('F46 a lost answer is asked for again with a key only; a request that never left may always go again', () => {
    const lost = { noReply: new NoReply('reset', false) };
    const never = { noReply: new NoReply('refused', true) };
    expect(decide(lost, state).act).toBe('again');
    expect(decide(lost, { ...state, keyed: false }).act).toBe('stop');
    expect(decide(never, { ...state, keyed: false }).act).toBe('again');
  });

  test.each([503, 429])('F15 %i waits as long as Retry-After says, and jitter only adds to it', (status) => {
    expect(decide(reply(status, { 'retry-after': '7' }), state)).toMatchObject({ act: 'again', afterMs: 7_000 });
    expect(decide(reply(status, { 'retry-after': '7' }), { ...state, random: 1 })).toMatchObject({ afterMs: 7_200 });
  });

  test('pauses double up to a bound, half of each is jitter', () => {
    const pause = (tries: number, random: number) => decide(reply(500), { tries, retries: 100, keyed: true, random });
    expect([1, 2, 3, 4, 20].map((tries) => pause(tries, 1))).toMatchObject([200, 400, 800, 1_600, 10_000].map((afterMs) => ({ afterMs })));
    expect(pause(3, 0)).toMatchObject({ afterMs: 400 });
  });

  test('stops after the last try, and says how many there were', () => {
    expect(decide(reply(500), { ...state, tries: 6 })).toMatchObject({ act: 'stop', why: expect.stringContaining('tried 6 times') as string });
  });

  test('409 is tried again only while the first request with the key still runs', () => {
    expect(decide(reply(409, {}, '{"code":"request-in-progress"}'), state).act).toBe('again');
    expect(decide(reply(409, {}, '{"code":"conflict"}'), state).act).toBe('stop');
  });

  test.each([404, 405, 422])('%i is a fault of the arguments', (status) => {
    expect(decide(reply(status), state)).toMatchObject({ act: 'stop', usage: true });
  });

  test.each([401, 403, 301])('%i ends the run', (status) => {
    expect(decide(reply(status), state)).toMatchObject({ act: 'stop', usage: false });
  });
});

describe('retryAfterOf', () => {
  const now = () => Date.parse('2026-11-22T10:00:00Z');
  test.each([['3', 3_000], ['0', 0], ['Sun, 22 Nov 2026 10:00:05 GMT', 5_000], ['Sun, 22 Nov 2026 09:00:00 GMT', 0], ['soon', undefined]])('%s is %s ms', (text, ms) => {
    expect(retryAfterOf(reply(503, { 'retry-after': text }).reply, now)).toBe(ms);
  });
});
