import { KeptTable } from '../../../shared/db/kept-table.ts';

/** A table that answers these rows, one answer after the other. */
function kept(answers: unknown[][][], changedAt?: string) {
  const clock = { ms: 0 };
  const asked: unknown[][] = [];
  const failures: unknown[] = [];
  const table = new KeptTable({ table: 't', key: 'id', columns: ['name'], ...(changedAt === undefined ? {} : { changedAt }) }, {
    now: () => clock.ms, onFailure: (error) => failures.push(error),
    run: (_statement, values) => {
      asked.push(values);
      const answer = answers.shift();
      return answer === undefined ? Promise.reject(new Error('away')) : Promise.resolve(answer);
    },
  });
  return { table, clock, asked, failures };
}

test('it is read when it is older than asked for, once for all who ask at the same time', async () => {
  const { table, clock, asked } = kept([[['1', 'a']], [['2', 'b']]]);
  expect(table.rows).toBeUndefined();
  expect(await Promise.all([table.upTo(100), table.upTo(100)])).toEqual([true, true]);
  clock.ms = 100;
  await table.upTo(100);
  expect([asked.length, [...(table.rows ?? [])]]).toEqual([1, [['1', ['a']]]]);
  clock.ms = 101;
  await table.upTo(100);
  expect([...(table.rows ?? [])]).toEqual([['2', ['b']]]);
});

test('with a column of changes only what changed since is read, and the rest stays', async () => {
  const { table, asked } = kept([[['1', 'a', '2026-11-22 10:00:00+00'], ['2', 'b', '2026-11-22 11:00:00+00']], [['2', 'c', '2026-11-22 12:00:00+00']]], 'changed_at');
  await table.upTo(-1);
  await table.upTo(-1);
  expect(asked).toEqual([['-infinity'], ['2026-11-22 11:00:00+00']]);
  expect([...(table.rows ?? [])]).toEqual([['1', ['a']], ['2', ['c']]]);
});

test('F57 what cannot be read again stays as it was', async () => {
  const { table, failures } = kept([[['1', 'a']]]);
  await table.upTo(-1);
  expect([await table.upTo(-1), failures.length, table.rows?.get('1')]).toEqual([false, 1, ['a']]);
});
