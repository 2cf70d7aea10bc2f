import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from '../../shared/runtime/servers/free-port.ts';
import { kafkaBrokers, natsUrl, postgresUrl } from '../helpers/addresses.ts';
import { runSql, withDatabase } from '../helpers/database.ts';
import { execution } from '../helpers/executions.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { order } from '../helpers/order-items.ts';
import { query } from '../helpers/query.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The version that is upgraded from: the last one before migration 18. It needs the same packages as this one. */
const OLD = '927d775c9311ac5b364d876617498bb27ab7e03a';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
const old = await checkOut(folder).catch((error: unknown) => error as Error);
if (old instanceof Error) console.log(`The upgrade is not tested: the version ${OLD.slice(0, 7)} is not to be had from this checkout's history (${old.message.split('\n')[0] ?? ''}).`);
const testUpgrade = old instanceof Error ? test.skip : test;
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) await end(child, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

testUpgrade('old and new nodes work together on one database and one fleet: either edge writes by either writer, all is delivered, and the law holds', async () => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await runSql(postgresUrl(), `create database ${name}`);
  const databaseUrl = withDatabase(postgresUrl(), name);
  const [oldPort, newPort] = (await freePorts(2)) as [number, number];
  const env = {
    PATH: process.env.PATH ?? '', POSTGRES_URL: databaseUrl, NATS_URL: natsUrl(), KAFKA_BROKERS: kafkaBrokers(), NAMESPACE: uniqueName('fleet'), METRICS_PORT: '0', HEARTBEAT: '1', SHARD_LEASE: '2000', BATCH_LEASE: '3000', LOG_LEVEL: 'error', KAFKA_PARTITIONS: '2',
    ORDERS_TOPIC: uniqueName('orders'), ORDER_EVENTS_TOPIC: uniqueName('order-events'), BATCHES_TOPIC: uniqueName('batches'), ITEMS_TOPIC: uniqueName('items'), REVALUATIONS_TOPIC: uniqueName('revaluations'),
  };
  const start = (tree: string, role: string, port = 0) => startNode(tree, role, { ...env, PORT: String(port), NODE_ID: `${tree === ROOT ? 'new' : 'old'}-${role}` });
  let sent = 0;
  const write = async (port: number, times: number) => {
    for (let i = 0; i < times; i++) {
      const batch = await post(port, '/api/v1/executions/batch', { executions: [execution(), { ...execution(), quantity: -1 }, execution()] });
      const orders = await post(port, '/api/v1/orders', [order(), order()]);
      const large = await post(port, '/api/v1/batches/executions', [execution()]);
      expect([batch, orders, large]).toEqual([207, 200, 202]);
      sent += 5;
    }
  };
  const delivered = () => waitFor(async () => {
    const [row] = await query<{ n: number; waiting: number }>(databaseUrl, `select (select count(*) from execution)::int + (select count(*) from orders)::int as n, (select count(*) from ledger where state = 'waiting')::int as waiting`);
    return row?.n === sent && row.waiting === 0;
  }, { timeoutMs: 60_000, what: 'everything to be delivered' });
  const verified = async (port: number) => ((await (await fetch(`http://127.0.0.1:${port}/api/v1/verify`)).json()) as { holds: boolean }).holds;
  try {
    // The old version alone, on a database of its own making.
    const oldNodes = { edge: await start(old as string, 'edge', oldPort), writer: await start(old as string, 'writer'), relay: await start(old as string, 'relay') };
    await sees(oldPort, 'writer', 1);
    await write(oldPort, 3);
    await delivered();

    // The first new node migrates while the old ones go on.
    const writer = await start(ROOT, 'writer');
    await sees(oldPort, 'writer', 2);
    await write(oldPort, 10);
    const edge = await start(ROOT, 'edge', newPort);
    await sees(newPort, 'writer', 2);
    await Promise.all([write(oldPort, 10), write(newPort, 10)]);
    await delivered(); // by the old relay
    expect([await verified(oldPort), await verified(newPort)]).toEqual([true, true]);

    // Each kind of node is replaced: the new edge still with the old writer, the old edge still with the new one.
    await end(writer, 'SIGTERM');
    await write(newPort, 5);
    const again = await start(ROOT, 'writer');
    await sees(oldPort, 'writer', 2);
    await end(oldNodes.writer, 'SIGTERM');
    await write(oldPort, 5);
    const relay = await start(ROOT, 'relay');
    await Promise.all([write(oldPort, 5), write(newPort, 5)]); // both relays share the shards
    await delivered();
    await end(oldNodes.relay, 'SIGTERM');
    await end(oldNodes.edge, 'SIGTERM');
    await write(newPort, 5);
    await delivered();
    expect(await verified(newPort)).toBe(true);
    for (const node of [edge, again, relay]) await end(node, 'SIGTERM');
  } finally {
    for (const child of children) await end(child, 'SIGKILL');
    await runSql(postgresUrl(), `drop database ${name} with (force)`);
  }
}, 240_000);

/** The old version's files, with this one's packages. */
async function checkOut(into: string): Promise<string> {
  const tar = join(into, 'old.tar');
  await run('git', ['-C', ROOT, 'archive', '--output', tar, OLD]);
  await run('tar', ['-x', '-f', tar, '-C', into]);
  await symlink(join(ROOT, 'node_modules'), join(into, 'node_modules'));
  return into;
}

async function startNode(tree: string, role: string, env: Record<string, string>): Promise<ChildProcess> {
  const child = fork(join(tree, 'bin', 'sluice.ts'), [role], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'] });
  children.push(child);
  await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => Promise.reject(new Error(`${env.NODE_ID ?? role} ended with ${String(code)} while it started`)))]);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

async function post(port: number, path: string, body: unknown): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) });
  await answer.text();
  return answer.status;
}

const sees = (port: number, role: string, nodes: number) => waitFor(async () => {
  const ready = (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as { roles: Record<string, { nodes: number }> };
  return ready.roles[role]?.nodes === nodes;
}, { timeoutMs: 45_000, what: `${nodes} nodes of the role ${role} to be seen` });
