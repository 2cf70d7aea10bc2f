import { describeError } from '../../../shared/runtime/log.ts';
import { query } from '../../helpers/query.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';

describe('what is logged of an error', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  test.each([
    ['a unique violation', `create temp table t (a text unique); insert into t values ('SECRET'); insert into t values ('SECRET')`],
    ['a value of the wrong type', `select 'SECRET'::int`],
    ['a check', `create temp table c (a text check (a <> 'SECRET')); insert into c values ('SECRET')`],
  ])('F55 %s: code and stack, never the value, as it is and as a cause', async (_, sql) => {
    const error: unknown = await query(database.url, sql).catch((e: unknown) => e);
    for (const described of [describeError(error), describeError(new Error('around', { cause: error }))]) {
      expect(JSON.stringify(described)).not.toContain('SECRET');
      expect(JSON.stringify(described)).toMatch(/"code":"2[23]/);
    }
  });

  test('what is no error is logged as text', () => expect(describeError('gone')).toEqual({ message: 'gone' }));
});
