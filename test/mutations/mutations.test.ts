import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AREAS } from './areas.ts';
import { mutated } from './mutation.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(AREAS)('$name is broken in ten ways, each of which still fits the code, by tests that are there', ({ mutations, tests }) => {
  expect(mutations).toHaveLength(10);
  expect(new Set(mutations.map((m) => m.name)).size).toBe(10);
  for (const mutation of mutations) expect(mutated(readFileSync(join(ROOT, mutation.file), 'utf8'), mutation)).not.toBe('');
  expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('a mutation that fits nowhere, or twice, is refused', () => {
  const mutation = { name: 'm', file: 'f', from: 'a', to: 'b' };
  expect(() => mutated('', mutation)).toThrow('stands 0 times');
  expect(() => mutated('a a', mutation)).toThrow('stands 2 times');
  expect(mutated('x a x', mutation)).toBe('x b x');
});
