import { FlushSlots } from '../../../services/writer/flush-slots.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Slots with a clock of their own; `begin` answers how the work ended, and how to end it. */
function started(fixed: number, most = 8) {
  let [now, number] = [0, fixed];
  const slots = new FlushSlots(() => number, most, () => now);
  const begin = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let began = false;
    const done = slots.take(() => ((began = true), promise));
    done.catch(() => undefined);
    return { done, end: () => resolve('done'), fail: () => reject(new Error('flush failed')), began: () => began };
  };
  return { slots, begin, at: (ms: number) => (now = ms), fix: (count: number) => (number = count) };
}

test('no more run than may, as many may wait behind them, and who comes then is told that it is full', async () => {
  const { slots, begin } = started(2);
  const works = Array.from({ length: 5 }, begin);
  expect(works.map((work) => work.began())).toEqual([true, true, false, false, false]);
  await expect(works[4]?.done).rejects.toMatchObject({ type: 'QUEUE_FULL' });
  works[0]?.end();
  await expect(works[0]?.done).resolves.toBe('done');
  expect(works.map((work) => work.began())).toEqual([true, true, true, false, false]);
  expect([slots.running, slots.waiting]).toEqual([2, 1]);
});

test('work that fails gives its slot back', async () => {
  const { begin } = started(1);
  const [first, second] = [begin(), begin()];
  first.fail();
  await expect(first.done).rejects.toThrow('flush failed');
  expect(second.began()).toBe(true);
});

test('a grant lets go on who waits, holds as long as it says, and never goes beyond the most', async () => {
  const { slots, begin, at } = started(1, 3);
  const works = [begin(), begin()];
  slots.grant(9, 1_000);
  await settled();
  expect(works[1]?.began()).toBe(true);
  works.push(begin(), begin());
  expect(works.map((work) => work.began())).toEqual([true, true, true, false]);
  at(1_000);
  expect(begin().began()).toBe(false);
  expect(slots.running).toBe(3);
});

test('a lower grant ends nothing that runs: the next begins when fewer do', async () => {
  const { slots, begin } = started(3);
  const works = [begin(), begin(), begin()];
  slots.grant(1, 1_000);
  const next = begin();
  works[0]?.end();
  works[1]?.end();
  await Promise.all(works.slice(0, 2).map((work) => work.done));
  await settled();
  expect(next.began()).toBe(false);
  works[2]?.end();
  await works[2]?.done;
  await settled();
  expect(next.began()).toBe(true);
});

test('a fixed number that was raised, and a grant that ran out, are seen at the next look', async () => {
  const { slots, begin, at, fix } = started(1);
  const works = [begin(), begin()];
  fix(2);
  slots.look();
  await settled();
  expect(works[1]?.began()).toBe(true);
  slots.grant(1, 1_000);
  const third = begin();
  fix(3);
  slots.look();
  await settled();
  expect(third.began()).toBe(false);
  at(1_000);
  slots.look();
  await settled();
  expect(third.began()).toBe(true);
});
