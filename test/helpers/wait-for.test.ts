import { waitFor } from './wait-for.ts';

test('gives back what the condition gave once it was true', async () => {
  let calls = 0;
  await expect(waitFor(() => (++calls === 3 ? 'third' : null), { what: 'the third call' })).resolves.toBe('third');
});

test('names what was awaited, and why the condition failed, when time is up', async () => {
  const broken = new Error('no connection');
  const waiting = waitFor(() => Promise.reject(broken), { timeoutMs: 1, what: 'a row' });
  await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining('a row') as string, cause: broken });
});
