import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { checkTruth } from '../helpers/check-truth.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { newMark, readTold, startLoad, type Load } from '../helpers/load.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));

/** A writer in a process of its own, that can be killed. */
async function writerProcess(system: TestSystem): Promise<ChildProcess> {
  const { settings } = system;
  const before = nodesWith(system.edge.broker, 'writer').length;
  const child = spawn(process.execPath, [SLUICE, 'writer'], { stdio: 'ignore', env: { PATH: process.env.PATH, POSTGRES_URL: settings.postgresUrl, NATS_URL: settings.natsUrl, NAMESPACE: settings.namespace, HEARTBEAT: '1', LOG_LEVEL: 'silent' } });
  await waitFor(() => nodesWith(system.edge.broker, 'writer').length > before, { timeoutMs: 30_000, what: 'the writer to join' });
  return child;
}

const answersBeyond = (load: Load, more: number) => {
  const goal = load.answers + more;
  return waitFor(() => load.answers >= goal, { timeoutMs: 45_000, what: `${more} more answers` });
};

describe('a fleet under load', () => {
  let system: TestSystem;
  beforeEach(async () => {
    system = await startSystem({ writers: 1 });
  });
  afterEach(() => system.stop());

  /** Ends the load and compares everything that was told with what is there. */
  async function expectTruth(load: Load): Promise<void> {
    await load.stop();
    await waitFor(async () => (await query(system.databaseUrl, `select 1 from batch where state = 'open'`)).length === 0, { timeoutMs: 40_000, what: 'every batch to be closed' });
    const { stored, lies } = await checkTruth(system.databaseUrl, load.told);
    expect(lies).toEqual([]);
    expect(stored).toBeGreaterThan(0);
  }

  test('a writer killed in the middle: its slices go to another, everything is answered and written once', async () => {
    const child = await writerProcess(system);
    const load = startLoad(system.url, { senders: 6, items: 700 });
    await answersBeyond(load, 20);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await answersBeyond(load, 30);
    await expectTruth(load);
    expect([...load.statuses.keys()].sort()).toEqual([201, 207]);
  }, 120_000);

  test('a writer that joins takes work, one that is stopped finishes its own; nobody notices', async () => {
    const load = startLoad(system.url, { senders: 6, items: 700 });
    const second = await system.join('writer');
    await waitFor(async () => (await query(system.databaseUrl, 'select 1 from ledger where node = $1 limit 1', [second.context.nodeId])).length > 0, { timeoutMs: 30_000, what: 'the new writer to write' });
    await second.stop();
    await answersBeyond(load, 20);
    await expectTruth(load);
    expect([...load.statuses.keys()].sort()).toEqual([201, 207]);
  }, 120_000);

  test('PostgreSQL ends every connection, again and again: every answer stays true', async () => {
    const load = startLoad(system.url, { senders: 6, items: 700 });
    for (let round = 0; round < 8; round++) {
      await answersBeyond(load, 6);
      await query(system.databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`);
    }
    await expectTruth(load);
  }, 120_000);

  test('an edge that is stopped answers all it took in, truly', async () => {
    const load = startLoad(system.url, { senders: 6, items: 700 });
    await answersBeyond(load, 12);
    const stopped = system.edge.stop();
    await load.stop();
    await stopped;
    const { lies } = await checkTruth(system.databaseUrl, load.told);
    expect(lies).toEqual([]);
    await expect(query(system.databaseUrl, `select 1 from batch where state = 'open'`)).resolves.toEqual([]);
  }, 120_000);

  test('F1 two hundred single records that wait while every slot is busy share a few flushes', async () => {
    const marks = Array.from({ length: 200 }, newMark);
    const gate = new Client({ connectionString: system.databaseUrl });
    await gate.connect();
    await gate.query('begin; lock table execution in exclusive mode');
    const sent = Promise.all(marks.map((securityId) => send(system.url, 'POST', '/api/v1/executions', execution({ securityId }))));
    await waitFor(async () => (await metric(system.url, 'batcher_requests_active')) === 200, { timeoutMs: 30_000, what: 'all requests to be in hand' });
    await gate.query('commit');
    await gate.end();
    const answers = await sent;
    expect(answers.filter((a) => a.status !== 201)).toEqual([]);
    const text = await (system.writers[0]?.context.metrics.registry.metrics() ?? '');
    const flushes = Number(/sluice_writer_flush_rows_count\{kind="execution"\} (\d+)/.exec(text)?.[1]);
    expect(flushes).toBeLessThan(20);
    const told = answers.map((a, i) => ({ mark: marks[i] ?? '', fate: 'stored' as const, id: Number(a.body.id) }));
    await expect(checkTruth(system.databaseUrl, told)).resolves.toEqual({ stored: 200, lies: [] });
  }, 60_000);

  test('F60 a keyed batch taken over from an edge that sleeps with its slices queued is written once, and both answers are true', async () => {
    const other = await system.join('edge');
    const marks = Array.from({ length: 1_500 }, newMark);
    const body = { executions: marks.map((securityId, i) => execution({ securityId, ...(i % 7 === 0 ? { quantity: 0 } : {}) })) };
    const headers = { 'Idempotency-Key': 'taken over', Prefer: 'return=minimal' };
    const port = ((other.broker.getLocalService('gateway') as unknown as { server: { address(): { port: number } } }).server.address()).port;
    // Nothing can be inserted into the records' table until it is unlocked: the first edge's slices lie at the writer.
    const { default: pg } = await import('pg');
    const holder = new pg.Client({ connectionString: system.databaseUrl });
    await holder.connect();
    await holder.query('begin; lock table execution in share mode');
    const first = send(system.url, 'POST', '/api/v1/executions/batch', body, headers);
    await waitFor(async () => (await query(system.databaseUrl, `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)).length > 0, { what: 'a flush to wait' });
    await query(system.databaseUrl, `update batch set lease_until = now() - interval '1 s' where state = 'open'`);
    const second = send(`http://127.0.0.1:${port}`, 'POST', '/api/v1/executions/batch', body, headers);
    await holder.query('rollback');
    await holder.end();
    for (const answer of await Promise.all([first, second])) {
      const { lies } = await checkTruth(system.databaseUrl, readTold(answer, marks));
      expect({ status: answer.status, lies }).toEqual({ status: 207, lies: [] });
    }
  }, 120_000);
});
