import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { countRows, query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

const BATCH = '/api/v1/executions/batch';

describe('without a writer', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 0, settings: { queueMaxItems: 100 } });
  });
  afterAll(() => system.stop());

  const batch = (items: number) => ({ executions: Array.from({ length: items }, () => execution()) });
  const soon = { Prefer: 'wait=1' };

  test('F15 F17 F44 F63 calls end with their deadline: 503, Retry-After and a code that says it is safe to send again; and nothing of them is written when a writer comes', async () => {
    const one = await send(system.url, 'POST', '/api/v1/executions', execution(), soon);
    const small = await send(system.url, 'POST', BATCH, batch(2), soon);
    const keyed = await send(system.url, 'POST', BATCH, batch(3), { ...soon, 'Idempotency-Key': 'later' });
    const large = await send(system.url, 'POST', BATCH, batch(1_500), soon);
    const change = await send(system.url, 'PUT', '/api/v1/execution/1', { quantityFilled: 1, version: 1 }, { ...soon, 'Idempotency-Key': 'change' });
    const single = await send(system.url, 'POST', '/api/v1/executions', execution(), { ...soon, 'Idempotency-Key': 'one' });

    for (const answer of [one, small, keyed, large, change, single]) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(one.body).toMatchObject({ code: 'withdrawn-deadline', message: expect.stringMatching(/Safe to send again/) as string });
    expect(change.body).toMatchObject({ code: 'withdrawn-deadline' });
    for (const answer of [small, keyed, large]) {
      expect(answer.body).toMatchObject({ status: 'FAILED', successful: 0 });
      expect(answer.body.results?.every((r, i) => r.requestIndex === i && r.status === 'FAILED' && r.code === 'withdrawn-deadline')).toBe(true);
    }
    const mixed = await send(system.url, 'POST', BATCH, { executions: [execution(), null] }, soon);
    expect(mixed).toMatchObject({ status: 503, body: { status: 'FAILED', results: [{ code: 'withdrawn-deadline' }, { code: 'not-an-object' }] } });

    // More than fits is refused before anything is done.
    const waiting = send(system.url, 'POST', BATCH, batch(150), soon);
    const refused = await Promise.all(Array.from({ length: 5 }, () => send(system.url, 'POST', BATCH, batch(150), soon)));
    const full = refused.filter((a) => a.body.code === 'overloaded');
    expect(full.length).toBeGreaterThanOrEqual(4);
    for (const answer of full) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(answer.body.detail).toMatch(/Nothing of this request was done/);
    }
    await waiting;
    expect(await query(system.databaseUrl, `select state from batch where state = 'open'`)).toEqual([]);

    await system.join('writer');
    const after = await send(system.url, 'POST', '/api/v1/executions', execution());
    expect(after.status).toBe(201);
    expect(await countRows(system.databaseUrl, 'execution')).toBe(1);

    // The keys of what came to nothing are free: the same requests now do their work, once.
    expect((await send(system.url, 'POST', BATCH, batch(3), { 'Idempotency-Key': 'later' })).status).toBe(201);
    expect((await send(system.url, 'POST', '/api/v1/executions', execution(), { 'Idempotency-Key': 'one' })).status).toBe(201);
    expect(await countRows(system.databaseUrl, 'execution')).toBe(5);
  });
});
