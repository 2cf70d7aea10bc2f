import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../bin/node/roles.ts';
import { logFileOf, startNodeProcess } from '../../bin/up/node-process.ts';
import type { Running } from '../../bin/up/supervise.ts';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { runSluice, type Ran } from '../bin/run-sluice.ts';
import { kafkaBrokers, natsUrl } from './addresses.ts';
import { createDatabase } from './database.ts';
import { uniqueName } from './namespace.ts';
import { query } from './query.ts';
import { waitFor } from './wait-for.ts';

/** A node of a fleet, in a process of its own. */
export interface FleetNode extends Running {
  /** Its node id, as the ledger names it. */
  id: string;
  /** kill -9, and waits until it is gone. */
  kill9(): Promise<void>;
}

/** What /health/ready says, as far as tests ask. */
export interface Ready {
  status: string;
  roles: Record<string, { status: string; nodes: number }>;
  delivery: { status: string; why?: string };
}

/** A whole Sluice in processes of its own, as `sluice up` runs it, on the run's servers, with a database, a fleet name and a topic of its own. */
export interface Fleet {
  url: string;
  /** Folder of the nodes' logs. */
  logs: string;
  databaseUrl: string;
  topic: string;
  /** Of the events of large batches, and of the commands for them. */
  batchesTopic: string;
  commandsTopic: string;
  /** Of the items that are carried out elsewhere. */
  itemsTopic: string;
  brokers: string;
  /** Starts one more node. */
  start(role: Role): Promise<FleetNode>;
  /** All nodes that were started, in order, also those that are gone. */
  nodes(): FleetNode[];
  /** The relays that were started, in order. */
  relays(): FleetNode[];
  /** The edges that were started, in order. They have one address: one lives at a time. */
  edges(): FleetNode[];
  /** Starts a node as people do: `sluice <role>`, with addresses in the environment. */
  byHand(role: Role, id: string): ChildProcess;
  ready(): Promise<Ready>;
  /** Waits until so many nodes of a role are seen. */
  sees(role: Role, nodes: number): Promise<void>;
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Waits until nothing waits for delivery any more, and every batch is closed. */
  quiet(timeoutMs?: number): Promise<void>;
  /** `sluice` with these arguments and this fleet's addresses. */
  sluice(...args: string[]): Promise<Ran>;
  /** Stops every node in order and drops the database. */
  stop(): Promise<void>;
}

const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));
const STOP_MS = 20_000;
const QUIET_MS = 60_000;

/** Starts an edge, and so many writers and relays. Leases and pauses are short, so that a death is noticed soon. */
export async function startFleet(shape: { writers?: number; relays?: number; env?: Record<string, string> } = {}): Promise<Fleet> {
  const database = await createDatabase();
  const logs = await mkdtemp(join(tmpdir(), 'sluice-fleet-'));
  const topic = uniqueName('orders');
  const batchesTopic = uniqueName('batches');
  const commandsTopic = uniqueName('commands');
  const itemsTopic = uniqueName('items');
  const url = await addressOfItsOwn();
  const env: Record<string, string> = {
    POSTGRES_URL: database.url, NATS_URL: natsUrl(), KAFKA_BROKERS: shape.env?.KAFKA_BROKERS ?? kafkaBrokers(), NAMESPACE: uniqueName('fleet'), ORDERS_TOPIC: topic, BATCHES_TOPIC: batchesTopic, BATCH_COMMANDS_TOPIC: commandsTopic, ITEMS_TOPIC: itemsTopic, REVALUATIONS_TOPIC: uniqueName('revaluations'),
    METRICS_PORT: '0', HEARTBEAT: '1', BATCH_LEASE: '3000', SHARD_LEASE: '2000', KAFKA_REQUEST_TIMEOUT: '2000', LOG_FORMAT: 'json', ...shape.env,
  };
  const brokers = env.KAFKA_BROKERS ?? '';
  const nodes: FleetNode[] = [];
  const children: ChildProcess[] = [];
  let count = 0;
  const start = async (role: Role): Promise<FleetNode> => {
    const name = `${role}-${++count}`;
    const own = { ...env, NODE_ID: name, PORT: new URL(url).port };
    const running = await startNodeProcess({ name, role, env: own, logFile: logFileOf(logs, name), stopMs: STOP_MS }, new AbortController().signal, () => undefined);
    const node: FleetNode = {
      ...running,
      id: name,
      async kill9() {
        process.kill(running.pid, 'SIGKILL');
        await running.exited;
      },
    };
    nodes.push(node);
    return node;
  };
  const ready = async (): Promise<Ready> => (await (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(10_000) })).json()) as Ready;
  const sql = <Row>(text: string, values: unknown[] = []) => query<Row>(database.url, text, values);
  const sees = async (role: Role, wanted: number) => void (await waitFor(async () => (await ready()).roles[role]?.nodes === wanted, { timeoutMs: 30_000, what: `${wanted} nodes of the role ${role} to be seen` }));
  const stop = async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    // In the order of the data's way, as `sluice up` does it.
    for (const node of nodes) await node.stop();
    await database.drop();
    await rm(logs, { recursive: true, force: true });
  };
  try {
    const roles: Role[] = ['edge', ...Array<Role>(shape.writers ?? 2).fill('writer'), ...Array<Role>(shape.relays ?? 1).fill('relay')];
    await Promise.all(roles.map(start));
    await sees('writer', shape.writers ?? 2);
    await sees('relay', shape.relays ?? 1);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url, logs, databaseUrl: database.url, topic, batchesTopic, commandsTopic, itemsTopic, brokers, start, ready, sees, sql, stop,
    nodes: () => [...nodes],
    relays: () => nodes.filter((node) => node.id.startsWith('relay')),
    edges: () => nodes.filter((node) => node.id.startsWith('edge')),
    byHand(role, id) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SLUICE, role], { stdio: 'ignore', env: { PATH: process.env.PATH, ...env, NODE_ID: id } });
      children.push(child);
      return child;
    },
    async quiet(timeoutMs = QUIET_MS) {
      const left = async () => (await sql<{ batches: number; waiting: number }>(`select (select count(*) from batch where state = 'open')::int as batches, (select count(*) from ledger where state = 'waiting')::int as waiting`))[0];
      await waitFor(async () => {
        const now = await left();
        return now?.batches === 0 && now.waiting === 0;
      }, { timeoutMs, what: 'every batch to be closed, and everything to be delivered' });
    },
    sluice: (...args) => runSluice(args, { env: { ...env, SLUICE_URL: url } }),
  };
}

async function addressOfItsOwn(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}
