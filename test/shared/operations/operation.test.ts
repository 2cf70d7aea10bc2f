import { OPERATIONS } from '../../../shared/operations/operations.ts';
import { argumentsOf, readArgument, type Argument } from '../../../shared/operations/operation.ts';

const argument = (more: Partial<Argument>): Argument => ({ name: 'a', type: 'text', place: 'body', meaning: '', ...more });

test.each<[Partial<Argument>, unknown, unknown]>([
  [{ type: 'text' }, 'x', 'x'], [{ type: 'text' }, 5, '5'], [{ type: 'text' }, true, 'true'], [{ type: 'text', choices: ['a', 'b'] }, 'b', 'b'],
  [{ type: 'whole', min: 1, max: 9 }, 9, 9], [{ type: 'whole', min: 1, max: 9 }, '1', 1], [{ type: 'whole' }, '9007199254740991', Number.MAX_SAFE_INTEGER],
  [{ type: 'switch' }, 'true', true], [{ type: 'switch' }, false, false],
  [{ type: 'duration' }, '90s', 90_000], [{ type: 'duration' }, '2h', 7_200_000],
])('%j takes %j', (more, given, value) => {
  expect(readArgument(argument(more), given)).toEqual({ value });
});

test.each<[Partial<Argument>, unknown]>([
  [{ type: 'text' }, ''], [{ type: 'text', max: 3 }, 'abcd'], [{ type: 'text' }, 'a\u0000'], [{ type: 'text' }, '\ud800'], [{ type: 'text' }, {}], [{ type: 'text', choices: ['a'] }, 'c'],
  [{ type: 'whole', min: 1, max: 9 }, 10], [{ type: 'whole' }, -1], [{ type: 'whole' }, 1.5], [{ type: 'whole' }, '0x1'], [{ type: 'whole' }, ''], [{ type: 'whole' }, []],
  [{ type: 'switch' }, 1], [{ type: 'switch' }, 'yes'], [{ type: 'duration' }, '5'], [{ type: 'duration' }, 5], [{ type: 'duration' }, '0s'], [{ type: 'duration' }, '999999999h'],
])('%j refuses %j', (more, given) => {
  expect(readArgument(argument(more), given)).toHaveProperty('fault');
});

test('an operation with an effect needs the role operate and takes dryRun; the others change nothing and are GET', () => {
  for (const operation of OPERATIONS) {
    const changes = operation.changes === true;
    expect([operation.name, operation.method !== 'GET']).toEqual([operation.name, changes]);
    expect([operation.name, argumentsOf(operation).some(({ name }) => name === 'dryRun')]).toEqual([operation.name, changes]);
    if (changes) expect([operation.name, operation.access]).toEqual([operation.name, ['operate']]);
  }
});

test('arguments in the path are those that the path names, and names of operations are unique', () => {
  for (const { name, path, arguments: all } of OPERATIONS) expect([name, all.filter(({ place }) => place === 'path').map((one) => `{${one.name}}`)]).toEqual([name, path.match(/\{\w+\}/g) ?? []]);
  expect(new Set(OPERATIONS.map(({ name }) => name)).size).toBe(OPERATIONS.length);
});
