import { tooManyRejected } from '../../../../services/batcher/large/error-policy.ts';

test.each([
  ['continue', 0, 5_000, false], ['stop', 10, 0, false], ['stop', 10, 1, true],
  ['5%', 900, 50, false], ['5%', 950, 50, false], ['5%', 949, 51, true], ['0.5%', 9_900, 100, true],
])('%s: of %i written and %i refused that is too many: %s', (policy, written, rejected, too) => {
  expect(tooManyRejected(policy, written, rejected)).toBe(too);
});
