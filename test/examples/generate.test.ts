import { readFileSync } from 'node:fs';
import { generate } from '../../examples/generate.ts';

describe('the example input', () => {
  test.each(Object.entries(generate()))('%s on disk is what the generator makes', (name, content) => {
    expect(readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8') === content).toBe(true);
  });

  test('about one item in a hundred is wrong', () => {
    const expected = JSON.parse(generate()['expected-failures.json'] ?? '{}') as object;
    expect(Object.keys(expected)).toHaveLength(100);
  });
});
