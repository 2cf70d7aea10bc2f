import { Permits } from '../../../../services/batcher/process/permits.ts';

test('so many hold a permit, the others wait their turn', async () => {
  const permits = new Permits(2, new AbortController().signal);
  const [first] = [await permits.take(), await permits.take()];
  let third = false;
  const waiting = permits.take().then((give) => {
    third = true;
    return give;
  });
  await Promise.resolve();
  expect([permits.held, third]).toEqual([2, false]);
  first?.();
  first?.(); // twice is once
  await waiting;
  expect([permits.held, third]).toEqual([2, true]);
});

test('a greater number lets more in, a smaller one takes from nobody', async () => {
  const permits = new Permits(1, new AbortController().signal);
  const first = await permits.take();
  const waiting = permits.take();
  permits.limit = 2;
  const second = await waiting;
  permits.limit = 1;
  expect(permits.held).toBe(2);
  const third = permits.take();
  first?.();
  await Promise.resolve();
  expect(permits.held).toBe(1);
  second?.();
  expect(await third).toBeDefined();
});

test('halted, those who wait go away empty, and so does who comes', async () => {
  const halt = new AbortController();
  const permits = new Permits(1, halt.signal);
  await permits.take();
  const waiting = permits.take();
  halt.abort();
  expect([await waiting, await permits.take()]).toEqual([undefined, undefined]);
});
