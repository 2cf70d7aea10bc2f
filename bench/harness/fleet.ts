import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { heapOptions } from '../../bin/node/heap-options.ts';
import type { Role } from '../../bin/node/roles.ts';
import { freePorts } from '../../shared/runtime/servers/free-port.ts';
import type { LiveMemory } from '../load/memory-probe.ts';

/** What a fleet is made of; a role that is not named has one process, a relay none. */
export interface FleetShape {
  databaseUrl: string;
  edges?: number;
  writers?: number;
  relays?: number;
  /** False: the relays have no Kafka; records wait in the ledger. */
  delivers?: boolean;
  /** Further settings, as environment variables. */
  settings?: Record<string, string>;
  /** The nodes can tell what memory they have in use; see `liveMemory`. */
  probed?: boolean;
}

/** Sluice as operating system processes of its own, one for each node. */
export interface Fleet {
  /** REST interface of each edge. */
  urls: string[];
  url: string;
  /** Kafka topic of this fleet. */
  topic: string;
  processes: { role: Role; pid: number; metricsUrl: string }[];
  /** MB in use in each process after a full collection, in the order of `processes`; only of a probed fleet. */
  liveMemory(): Promise<number[]>;
  stop(): Promise<void>;
}

export interface FleetAddresses {
  natsUrl: string;
  /** Empty: no Kafka; records wait in the ledger. */
  kafkaBrokers: string;
}

const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));
const PROBE = new URL('../load/memory-probe.ts', import.meta.url).href;
const READY_MS = 60_000;
const STOP_MS = 20_000;
let fleets = 0;

/**
 * Starts the processes of a fleet and waits until the edges see all of them.
 * @param folder for logs, and the working folder of the processes: no `.env` of the project is read
 * @param profile folder for CPU profiles; empty takes none
 */
export async function startFleet(shape: FleetShape, addresses: FleetAddresses, folder: string, onSpawn: (role: Role, pid: number) => void, profile: string): Promise<Fleet> {
  const name = `bench-${process.pid}-${++fleets}`;
  const counts: [Role, number][] = [['writer', shape.writers ?? 1], ['relay', shape.relays ?? 0], ['edge', shape.edges ?? 1]];
  const roles = counts.flatMap(([role, count]) => Array.from({ length: count }, () => role));
  const ports = await freePorts(roles.length);
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.filter((child) => child !== undefined).map(stopChild));
  };
  try {
    const processes = await Promise.all(roles.map(async (role, at) => {
      const port = ports[at] as number;
      const child = spawnNode(role, at, {
        PATH: process.env.PATH, HOME: process.env.HOME, HOST: '127.0.0.1',
        [role === 'edge' ? 'PORT' : 'METRICS_PORT']: String(port),
        POSTGRES_URL: shape.databaseUrl, NATS_URL: addresses.natsUrl, KAFKA_BROKERS: delivering(shape) ? addresses.kafkaBrokers : '',
        NODE_OPTIONS: heapOptions(), NAMESPACE: name, ORDERS_TOPIC: name, BATCHES_TOPIC: `${name}-batches`, ...shape.settings,
      }, folder, execArgvOf(shape, `${role}-${at}`, profile));
      children[at] = child;
      onSpawn(role, child.pid as number);
      await untilReady(child, role, folder);
      return { role, pid: child.pid as number, metricsUrl: `http://127.0.0.1:${port}/metrics` };
    }));
    const urls = processes.filter((p) => p.role === 'edge').map((p) => new URL(p.metricsUrl).origin);
    for (const url of urls) await untilSeen(url, shape);
    const liveMemory = () => Promise.all(children.map(collectedMemory));
    return { urls, url: urls[0] ?? '', topic: name, processes, liveMemory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function execArgvOf(shape: FleetShape, name: string, profile: string): string[] {
  return [
    '--disable-warning=TimeoutNegativeWarning',
    ...(shape.probed === true ? ['--expose-gc', '--import', PROBE] : []),
    ...(profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`]),
  ];
}

function collectedMemory(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error('a node ended while its memory was asked for'));
    child.once('exit', died);
    child.once('message', (answer: LiveMemory) => {
      child.off('exit', died);
      resolve(answer.live);
    });
    child.send({ collect: true });
  });
}

function spawnNode(role: Role, at: number, env: Record<string, string | undefined>, folder: string, execArgv: string[]): ChildProcess {
  const log = openSync(join(folder, `${role}-${at}.log`), 'a');
  const child = fork(SLUICE, [role], { execArgv, env, cwd: folder, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  return child;
}

function untilReady(child: ChildProcess, role: Role, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`a process of the role ${role} ended while it started (code ${code}); see its log in ${folder}`)));
  });
}

interface Readiness {
  roles?: Record<string, { nodes: number }>;
  delivery?: { status: string };
}

function delivering({ relays = 0, delivers = true }: FleetShape): boolean {
  return relays > 0 && delivers;
}

async function untilSeen(url: string, shape: FleetShape): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    const seen = await fetch(`${url}/health/ready`).then((r) => r.json() as Promise<Readiness>, () => ({}) as Readiness);
    const relays = shape.relays ?? 0;
    if (seen.roles?.writer?.nodes === (shape.writers ?? 1) && (seen.roles.relay?.nodes ?? 0) === relays && (!delivering(shape) || seen.delivery?.status === 'up')) return;
    if (performance.now() > until) throw new Error(`the fleet was not complete within ${READY_MS} ms: ${JSON.stringify({ roles: seen.roles, delivery: seen.delivery })}`);
    await sleep(100);
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(force);
}
