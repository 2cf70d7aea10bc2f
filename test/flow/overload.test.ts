import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { Admission } from '../../services/batcher/admission.ts';
import type { ChangeOutcome } from '../../shared/contracts/actions.ts';
import { DrainRate } from '../../shared/runtime/drain-rate.ts';
import { checkTruth, type Told } from '../helpers/check-truth.ts';
import { execution } from '../helpers/executions.ts';
import { RawConnection, send, type HttpAnswer } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const BATCH = '/api/v1/executions/batch';
const ITEMS = 500;

describe('more load than can be done', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { queueMaxItems: 2_000, maxReads: 3, writerConcurrency: 1, lockTimeout: 10_000, statementTimeout: 20_000 } });
  });
  const holders: pg.Client[] = [];
  afterEach(async () => {
    for (const client of holders.splice(0)) await client.end();
  });
  afterAll(() => system.stop());

  const told: Told[] = [];
  let sent = 0;
  /** Posts a batch of items with marks of their own, and notes what was told of them. */
  const post = async (headers: Record<string, string> = {}): Promise<HttpAnswer> => {
    const marks = Array.from({ length: ITEMS }, () => String(++sent).padStart(24, '0'));
    const answer = await send(system.url, 'POST', BATCH, { executions: marks.map((securityId) => execution({ securityId })) }, headers);
    const fate = answer.status === 201 ? 'stored' : answer.status === 202 ? 'unknown' : 'withdrawn';
    told.push(...marks.map((mark): Told => ({ mark, fate })));
    return answer;
  };
  /** Keeps every write of executions waiting until the returned function is called. */
  const hold = async (mode = 'exclusive'): Promise<() => Promise<void>> => {
    const client = new pg.Client({ connectionString: system.databaseUrl });
    holders.push(client);
    await client.connect();
    await client.query(`begin; lock table execution in ${mode} mode`);
    return () => client.query('rollback').then(() => undefined);
  };
  const waiting = () => metric(system.url, 'batcher_waiting_items');
  const quiet = () => waitFor(async () => (await metric(system.url, 'batcher_requests_active')) === 0 && (await waiting()) === 0, { timeoutMs: 30_000, what: 'nothing to be in work' });

  /** Sends batches, one after the other has been taken in, until one is refused; answers the refusal, and the others' answers when they come. */
  async function fill(headers: Record<string, string> = {}): Promise<{ refusal: HttpAnswer; others: Promise<HttpAnswer>[] }> {
    const others: Promise<HttpAnswer>[] = [];
    for (let n = 0; n < 50; n++) {
      const answer = post(headers);
      let answered: HttpAnswer | undefined;
      void answer.then((it) => (answered = it));
      await waitFor(async () => answered !== undefined || (await metric(system.url, 'batcher_requests_active')) > n, { timeoutMs: 30_000, what: 'a batch to be let in or refused' });
      if (answered?.status === 503) return { refusal: answered, others };
      others.push(answer);
    }
    throw new Error('50 batches were let in: nothing bounds the queue');
  }

  test('F13 F14 F15 F41 the queue is bounded: beyond, 503 with Retry-After; who was let in is served, who honours it gets through, and every answer is true', async () => {
    const release = await hold();
    const { refusal, others } = await fill();
    expect(refusal).toMatchObject({ status: 503, body: { code: 'overloaded', status: 503 } });
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refusal.headers.get('retry-after'))).toBeLessThanOrEqual(25);
    expect(others.length).toBeGreaterThanOrEqual(1); // as many as fit, or fewer when the queue is seen to stand still
    expect(others.length).toBeLessThanOrEqual(12); // 2,000 items wait, and a chunk or two are with the writer
    await release();
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(201);

    const honouring = Array.from({ length: 8 }, async () => {
      for (let tries = 1; ; tries++) {
        const answer = await post();
        if (answer.status === 201) return tries;
        expect(answer.status).toBe(503);
        await sleep(Number(answer.headers.get('retry-after')) * 1_000);
      }
    });
    await expect(Promise.all(honouring)).resolves.toHaveLength(8);
    await expect(checkTruth(system.databaseUrl, told)).resolves.toMatchObject({ lies: [] });
  });

  test('F41 what was answered 202 counts until it is settled: respond-async is no way around the bound', async () => {
    await quiet();
    const release = await hold();
    const { refusal, others } = await fill({ Prefer: 'respond-async' });
    expect(refusal).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(202);
    await release();
    await quiet();
    expect(await post()).toMatchObject({ status: 201, text: expect.any(String) as string, body: { successful: ITEMS } });
    await expect(checkTruth(system.databaseUrl, told)).resolves.toMatchObject({ lies: [] });
  });

  test('a request that will be refused is refused before its body has come', async () => {
    await quiet();
    const release = await hold();
    const { others } = await fill();
    const connection = await RawConnection.open(system.url);
    connection.request([`POST ${BATCH} HTTP/1.1`, 'Content-Type: application/json', 'Content-Length: 100000']);
    expect(await connection.answer()).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    connection.close();
    await release();
    await Promise.all(others);
  });

  test('F49 no header of the caller makes room', async () => {
    await quiet();
    const release = await hold();
    const { others } = await fill();
    for (const header of ['X-Forwarded-For', 'X-Real-IP', 'X-Request-Id', 'X-Client-Id', 'Idempotency-Key', 'Authorization']) {
      expect((await post({ [header]: `203.0.113.${sent % 250}` })).status).toBe(503);
    }
    await release();
    await Promise.all(others);
  });

  test('F16 Retry-After is exactly what waits over the measured drain rate', async () => {
    await quiet();
    let now = 0;
    const drain = new DrainRate(0);
    drain.busy(true, 0);
    drain.add(250, 500);
    now = 1_000; // 250 a second
    const admission = new Admission({ limits: { maxRequests: 10, maxItems: 1_000, maxBytes: 1e9 }, doors: { enter: () => undefined }, queue: { bytes: 0, oldestAt: () => undefined }, handedOver: () => 0, loopDelayMs: () => 0, drain, now: () => now, onRefusal: () => undefined });
    const { gate } = system.edge.context;
    let end: () => void = () => undefined;
    const works = admission.admit({ items: 1_000, bytes: 0, deadlineMs: 60_000 }, () => new Promise<void>((resolve) => (end = resolve)));
    gate.keptBy(admission);
    try {
      const refused = await post();
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '4']);
      drain.add(2_000, 1_500);
      now = 2_000; // 250 × 0.7 + 2,000 × 0.3 = 775 a second
      expect((await post()).headers.get('retry-after')).toBe('2');
      end();
      await works;
      expect(await post()).toMatchObject({ status: 201, text: expect.any(String) as string, body: { successful: ITEMS } });
    } finally {
      gate.keptBy(undefined); // the batcher's own bound stands behind it
    }
  });

  test('F13 reads are bounded before they wait for a connection: 503 with Retry-After, and health answers', async () => {
    const release = await hold('access exclusive');
    const answers = Array.from({ length: 10 }, () => send(system.url, 'GET', '/api/v1/executions?limit=1'));
    await waitFor(async () => (await metric(system.url, 'gateway_refusals_total', { reason: 'reads' })) === 7, { what: 'seven of ten reads to be refused' });
    expect((await send(system.url, 'GET', '/health/live')).status).toBe(200);
    await release();
    const all = await Promise.all(answers);
    expect(all.map((a) => a.status).sort()).toEqual([200, 200, 200, 503, 503, 503, 503, 503, 503, 503]);
    for (const answer of all) if (answer.status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  test('F63 a change whose deadline ran out while it waited for its turn in the writer is not made', async () => {
    await post();
    const records = await query<{ id: string }>(system.databaseUrl, 'select id from execution order by id desc limit 2');
    const [first, second] = records.map((record) => Number(record.id)) as [number, number];
    const change = (id: number, deadlineMs: number) =>
      system.edge.broker.call<ChangeOutcome, object>('writer.change', { kind: 'execution', id, body: { quantityFilled: '10.00000000' }, version: 1, batchId: uuidv7(), client: 'anonymous', deadlineMs, trace: '' }, { timeout: 20_000 });
    const release = await hold();
    const running = change(first, 20_000);
    const queued = change(second, 100);
    const outcome = expect(queued).rejects.toMatchObject({ type: 'TOO_LATE' });
    await sleep(200); // the deadline passes: nothing tells of it, for nothing may happen
    await release();
    await expect(running).resolves.toMatchObject({ outcome: 'changed' });
    await outcome;
    await expect(query(system.databaseUrl, 'select version from execution where id = $1', [second])).resolves.toEqual([{ version: 1 }]);
  });
});
