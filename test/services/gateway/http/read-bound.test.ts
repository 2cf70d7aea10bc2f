import { ReadBound } from '../../../../services/gateway/http/read-bound.ts';
import type { ProblemError } from '../../../../shared/errors/problem.ts';

let now: number;
let refusals: number;
let bound: ReadBound;
beforeEach(() => {
  now = 0;
  refusals = 0;
  bound = new ReadBound({ limits: { max: 2 }, now: () => now, longestS: 20, onRefusal: () => refusals++ });
});

/** A read that ends when it is told to. */
function slow(): { run: () => Promise<string>; end: () => void; begun: boolean } {
  const read = { begun: false, end: () => undefined as void, run: () => Promise.resolve('') };
  const ended = new Promise<void>((resolve) => (read.end = resolve));
  read.run = async () => {
    read.begun = true;
    await ended;
    return 'read';
  };
  return read;
}

test('so many reads run at the same time; one more is 503 with Retry-After before it has begun, and room is there again when one ends', async () => {
  const reads = [slow(), slow(), slow()] as const;
  const [first, second] = [bound.run(reads[0].run), bound.run(reads[1].run)];
  await expect(bound.run(reads[2].run)).rejects.toMatchObject({ data: { status: 503, code: 'overloaded', headers: { 'Retry-After': expect.stringMatching(/^\d+$/) as string } } });
  expect([bound.active, refusals, reads[2].begun]).toEqual([2, 1, false]);
  reads[0].end();
  await expect(first).resolves.toBe('read');
  const third = bound.run(reads[2].run);
  expect(reads[2].begun).toBe(true);
  reads[1].end();
  reads[2].end();
  await Promise.all([second, third]);
  expect(bound.active).toBe(0);
});

test('a read that fails gives its room back, whether at once or later', async () => {
  await expect(bound.run(() => { throw new Error('at once'); })).rejects.toThrow('at once');
  await expect(bound.run(() => Promise.reject(new Error('later')))).rejects.toThrow('later');
  expect(bound.active).toBe(0);
  await expect(bound.run(() => 'well')).resolves.toBe('well');
});

test('Retry-After follows the rate at which reads end', async () => {
  const [stuck, ...quick] = [slow(), ...Array.from({ length: 40 }, slow)] as [ReturnType<typeof slow>, ...ReturnType<typeof slow>[]];
  const standing = bound.run(stuck.run);
  // Ten a second, while half and more of the room is taken.
  for (const read of quick) {
    const one = bound.run(read.run);
    now += 100;
    read.end();
    await one;
  }
  const [last] = [slow()];
  const running = bound.run(last.run);
  const retryAfter = async () => Number(((await bound.run(() => '').catch((error: unknown) => error)) as ProblemError).data.headers?.['Retry-After']);
  expect(await retryAfter()).toBe(1);
  // Then nothing moves: longer and longer, and no longer than anybody is told to wait.
  const told: number[] = [];
  for (let i = 0; i < 5; i++) {
    now += 10_000;
    told.push(await retryAfter());
  }
  expect(told).toEqual([...told].sort((x, y) => x - y));
  expect([(told[0] ?? 0) > 1, told.at(-1)]).toEqual([true, 20]);
  stuck.end();
  last.end();
  await Promise.all([standing, running]);
});
