import { ProblemError } from '../../../../shared/errors/problem.ts';
import { KeyLimits } from '../../../../services/gateway/access/key-limits.ts';

const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return ProblemError.from(error);
  }
  return undefined;
};

test('a rate lets a second\'s worth through at once, then as many as time brings', () => {
  let now = 0;
  const refused: string[] = [];
  const limits = new KeyLimits(() => now, (reason) => refused.push(reason));
  const key = { id: 'a', ratePerSecond: 4, maxInFlight: null };
  for (let i = 0; i < 4; i++) limits.enter(key)();
  expect(refusal(() => limits.enter(key))).toMatchObject({ status: 429, code: 'rate-limited', headers: { 'Retry-After': '1' } });
  now += 250;
  limits.enter(key)();
  expect(refusal(() => limits.enter(key))).toBeDefined();
  now += 3_600_000;
  for (let i = 0; i < 4; i++) limits.enter(key)();
  expect(refusal(() => limits.enter(key))).toBeDefined();
  expect(refused).toEqual(['key-rate', 'key-rate', 'key-rate']);
});

test('as many requests as allowed are in work, each gives its place back once, and keys do not share theirs', () => {
  const limits = new KeyLimits(() => 0, () => undefined);
  const key = { id: 'a', ratePerSecond: null, maxInFlight: 2 };
  const leave = limits.enter(key);
  limits.enter(key);
  expect(refusal(() => limits.enter(key))).toMatchObject({ status: 503, code: 'overloaded', headers: { 'Retry-After': '1' } });
  limits.enter({ ...key, id: 'b' });
  leave();
  leave();
  limits.enter(key);
  expect(refusal(() => limits.enter(key))).toBeDefined();
});
