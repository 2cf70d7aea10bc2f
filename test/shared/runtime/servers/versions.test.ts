import { isAtLeast, parseVersion } from '../../../../shared/runtime/servers/versions.ts';

test.each([
  ['postgres (PostgreSQL) 18.4', [18, 4]],
  ['nats-server: v2.15.1', [2, 15, 1]],
  ['openjdk version "17.0.15" 2025-04-15', [17, 0, 15]],
  ['postgres (PostgreSQL) 19beta1', [19]],
  ['no number', null],
])('the version of %j is %j', (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});

test.each([
  [[2, 10], [2, 10], true],
  [[2, 9, 10], [2, 10], false],
  [[3], [2, 10], true],
  [[2], [2, 10], false],
])('%j at least %j: %j', (version, wanted, answer) => {
  expect(isAtLeast(version, wanted)).toBe(answer);
});
