import { between, oneByWeight, randomOf, shuffled } from '../../../bin/prove/random.ts';

const draw = (random: () => number, n: number) => Array.from({ length: n }, random);

test('the same seed and names give the same numbers, any other seed or name gives others', () => {
  expect(draw(randomOf(7, 'item', 1), 5)).toEqual(draw(randomOf(7, 'item', 1), 5));
  for (const other of [randomOf(8, 'item', 1), randomOf(7, 'item', 2), randomOf(7, 'bad', 1)]) expect(draw(other, 5)).not.toEqual(draw(randomOf(7, 'item', 1), 5));
});

test('numbers lie in [0, 1) and spread evenly', () => {
  const numbers = draw(randomOf(1), 10_000);
  expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
  for (let tenth = 0; tenth < 10; tenth++) expect(numbers.filter((n) => Math.floor(n * 10) === tenth).length).toBeGreaterThan(800);
});

test('between draws both of its ends, and nothing beyond', () => {
  const random = randomOf(3);
  expect(new Set(draw(() => between(random, 2, 4), 200))).toEqual(new Set([2, 3, 4]));
});

test('what weighs more comes more often, what weighs nothing never', () => {
  const random = randomOf(4);
  const names = Array.from({ length: 1_000 }, () => oneByWeight(random, [{ name: 'often', weight: 9 }, { name: 'never', weight: 0 }, { name: 'seldom', weight: 1 }]).name);
  expect(names.filter((name) => name === 'often').length).toBeGreaterThan(800);
  expect(new Set(names)).toEqual(new Set(['often', 'seldom']));
});

test('shuffled holds the same in another order', () => {
  const list = Array.from({ length: 20 }, (_, i) => i);
  const other = shuffled(randomOf(5), list);
  expect(other).not.toEqual(list);
  expect([...other].sort((a, b) => a - b)).toEqual(list);
});
