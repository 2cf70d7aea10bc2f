import { jest } from '@jest/globals';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { query } from '../helpers/query.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
const lines: string[] = [];
beforeAll(async () => {
  system = await startSystem({ settings: { requestDeadline: 3_000, statementTimeout: 300, lockTimeout: 200, writeAttempts: 2 } });
});
afterAll(() => system.stop());

/** What nodes log while `work` runs goes into `lines`. */
async function listening<T>(work: () => Promise<T>): Promise<T> {
  const logs = [system.edge, ...system.writers].map(({ context }) => context.log);
  for (const log of logs) log.level = 'debug';
  const spies = logs.flatMap((log) => (['debug', 'info', 'warn', 'error'] as const).map((level) => jest.spyOn(log, level).mockImplementation(((...said: unknown[]) => void lines.push(JSON.stringify([level, ...said]))) as typeof log.info)));
  try {
    return await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const log of logs) log.level = 'silent';
  }
}

const about = (requestId: string) => lines.filter((line) => line.includes(requestId));

test('the story of a request is found by its id: in the answer, in the edge\'s lines and in the writer\'s', async () => {
  await listening(async () => {
    const made = await send(system.url, 'POST', '/api/v1/executions', execution());
    const own = made.headers.get('x-request-id') ?? '';
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
    await waitFor(() => about(own).some((line) => line.includes('answered')), { what: 'the line of the answer' });
    // Nothing can be written while the table is held.
    const held = query(system.databaseUrl, 'begin; lock table execution; select pg_sleep(4); commit');
    await waitFor(async () => (await query<{ n: string }>(system.databaseUrl, `select count(*) as n from pg_locks where relation = 'execution'::regclass and mode = 'AccessExclusiveLock' and granted`))[0]?.n === '1', { what: 'the table to be held' });
    const refused = await send(system.url, 'POST', '/api/v1/executions', execution(), { 'X-Request-Id': 'story-7' });
    expect(refused.status).toBeGreaterThanOrEqual(202);
    expect(refused.headers.get('x-request-id')).toBe('story-7');
    await held;
    expect(about('story-7').some((line) => line.includes('a flush failed'))).toBe(true);
    expect(about('story-7').some((line) => line.includes('a chunk was not written'))).toBe(true);
    await waitFor(() => about('story-7').some((line) => line.includes('answered') && line.includes('traceId')), { what: 'the line of the answer' });
  });
}, 60_000);
