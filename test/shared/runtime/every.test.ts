import { every } from '../../../shared/runtime/every.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('starting and stopping twice, and stopping before the start, are fine; a round that fails does not end it', async () => {
  let rounds = 0;
  const errors: unknown[] = [];
  let active = 0;
  const loop = every(1, async () => {
    rounds++;
    if (++active > 1) throw new Error('two rounds at once');
    await Promise.resolve();
    active--;
    if (rounds === 2) throw new Error('second round');
  }, (error) => errors.push(error));
  await loop.stop();
  loop.start();
  loop.start();
  await waitFor(() => rounds >= 5, { what: 'five rounds' });
  await Promise.all([loop.stop(), loop.stop()]);
  const after = rounds;
  await new Promise((resolve) => setTimeout(resolve, 20)); // time for a round that should not come
  expect(rounds).toBe(after);
  expect(errors).toEqual([new Error('second round')]);
  loop.start();
  await waitFor(() => rounds > after, { what: 'a round after a new start' });
  await loop.stop();
});
