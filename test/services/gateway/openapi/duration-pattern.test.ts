import { durationPattern } from '../../../../services/gateway/openapi/duration-pattern.ts';
import { readArgument, type Argument } from '../../../../shared/operations/operation.ts';

test.each([[1_000, 10_000], [1_000, 3_600_000], [10_000, 86_400_000], [90_000, 100_000], [1_000, 86_400_000]])('the document takes a time of %i to %i ms exactly where Sluice does', (min, max) => {
  const argument: Argument = { name: 'over', type: 'duration', place: 'query', meaning: '', min, max };
  const pattern = new RegExp(durationPattern(min, max), 'u');
  const given = [...Array(2_000).keys(), 3_599, 3_600, 3_601, 9_999, 10_000, 86_399, 86_400, 86_401, 100_000].flatMap((count) => ['s', 'm', 'h', 'd', ''].map((unit) => `${count}${unit}`));
  given.push('05s', '1 s', '-1s', 's', '1.5m', '');
  const differing = given.filter((text) => pattern.test(text) !== ('value' in readArgument(argument, text)));
  expect(differing).toEqual([]);
});
