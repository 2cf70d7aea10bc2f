import { execFileSync } from 'node:child_process';
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

describe('the form of the log', () => {
  const lineOf = (logFormat: string) => execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', `
    const { createLog } = await import(${JSON.stringify(new URL('../../../shared/runtime/log.ts', import.meta.url).href)});
    createLog({ logLevel: 'info', logFormat: '${logFormat}' }, 'edge-1').info({ requestId: 'r-1' }, 'said');`], { encoding: 'utf8' });

  test('elsewhere than on a terminal a line is JSON, with node, level, time and the request it is about', () => {
    expect(JSON.parse(lineOf('auto'))).toMatchObject({ node: 'edge-1', level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/) as string, requestId: 'r-1', msg: 'said' });
  });

  test('it is pretty where that is asked for', () => {
    const line = lineOf('pretty');
    expect(line).toContain('edge-1 said');
    expect(() => JSON.parse(line) as unknown).toThrow();
  });
});
