import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Settings } from '../../../shared/config/settings.ts';
import { startGuard } from '../../../shared/runtime/guard.ts';
import { freePorts } from '../../../shared/runtime/servers/free-port.ts';
import { startKafka } from '../../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../../shared/runtime/servers/postgres.ts';
import { DRAIN_LAST_RESORT_MS } from '../../node/until-stopped.ts';
import type { Role } from '../../node/roles.ts';
import { dataFolder, openDataFolder, type DataFolder } from '../../up/data-folder.ts';
import { migrateOnce } from '../../up/database.ts';
import { createParts } from '../../up/parts.ts';
import { createRoster } from '../../up/roster.ts';
import { createSay, type Say } from '../../up/say.ts';
import { untilReady } from '../../up/until-ready.ts';
import { startLink } from '../net/start-link.ts';
import type { OwnedLink } from '../net/link.ts';
import type { Target, TargetNode } from '../target.ts';
import { startNode, type NodeTools } from './nodes.ts';
import { startPrices } from './prices.ts';
import { startTrades, type Trades } from './trades.ts';
import { manageServer, targetKafka, targetNats, targetPostgres } from './servers.ts';

/** How many nodes of each role there are. */
export type FleetShape = Record<Role, number>;

/** A whole Sluice under proof, with servers of its own and a proxy on every wire. */
export interface System {
  target: Target;
  /** Addresses for clients, one for each edge, by way of their link. */
  edges: readonly string[];
  folder: DataFolder;
  /** Address of Sluice's database, past every link. */
  readonly postgresUrl: string;
  /** The trade service's own table. */
  readonly trades: Pick<Trades, 'orders' | 'arrivals'>;
  /** Writes a line into the run's own log. */
  note: (text: string) => void;
  /** Stops everything, edges first, and removes the folder unless it is to be kept. */
  stop(keepFolder: boolean): Promise<void>;
}

/** What startSystem needs. */
export interface SystemOptions {
  settings: Settings;
  shape: FleetShape;
  /** Aborts when the run is stopped: starting then fails soon, and nothing is left. */
  stopped: AbortSignal;
  /** Told what takes time. */
  tell: (text: string) => void;
}

const STOP_SLACK_MS = 2_000;
/** Shorter than usual, so that what an edge leaves behind in submission ends within the run, and an edge that sleeps does so for longer than its lease. */
const SUBMISSIONS = { TRADE_CONNECT_TIMEOUT: '1000', TRADE_RESPONSE_TIMEOUT: '4000', SUBMISSION_LEASE: '12000', RECONCILE_INTERVAL: '1000' };
const PRELOAD = new URL('./inside-main.ts', import.meta.url).href;

/**
 * Starts PostgreSQL, NATS, Kafka and the nodes, in a folder of its own on free ports. Nothing of it outlives this process, even if
 * that is killed: a guard stops it then.
 */
export async function startSystem({ settings, shape, stopped, tell }: SystemOptions): Promise<System> {
  const folder = dataFolder(await mkdtemp(join(tmpdir(), 'sluice-prove-')));
  await chmod(folder.path, 0o711); // PostgreSQL, which refuses to run as root, then runs as a user of its own
  await openDataFolder(folder);
  const events = createWriteStream(join(folder.logs, 'prove.log'), { flags: 'a' });
  const note = (text: string) => void events.write(`${new Date().toISOString()} ${stripVTControlCharacters(text).trimEnd()}\n`);
  const say: Say = createSay({ write: note });
  const guard = startGuard();
  const roster = createRoster(folder.path, guard);
  const parts = createParts(roster, say);
  const links: OwnedLink[] = [];
  const prices = await startPrices();
  const trades = await startTrades(join(folder.path, 'trades.db'));
  const relays = names('relay', shape.relay);
  const [pgPort, natsPort, kafkaPort, ...wirePorts] = await freePorts(3 + relays.length) as [number, number, number, ...number[]];
  const log = (line: string) => say.note(line);
  const link = async (from: string, to: OwnedLink['to'], port: number, name = `${from}->${to}`): Promise<number> => {
    const made = await startLink({ name, from, to, target: { host: '127.0.0.1', port } });
    links.push(made);
    return made.port;
  };

  let databaseUrl = '';
  const postgres = manageServer({
    name: 'PostgreSQL', dataDir: folder.postgres, port: pgPort,
    async start(onSpawn) {
      const server = await startPostgres({ dataDir: folder.postgres, port: pgPort, log, onSpawn });
      databaseUrl = server.url; // with the password that its folder keeps: the same each time
      return server;
    },
  }, roster);
  const nats = manageServer({ name: 'NATS', dataDir: folder.nats, port: natsPort, start: (onSpawn) => startNats({ dataDir: folder.nats, port: natsPort, log, onSpawn }) }, roster);
  const kafkaLinks: number[] = [];
  const kafka = manageServer({
    name: 'Kafka', dataDir: folder.kafka, port: kafkaPort,
    start: (onSpawn) => startKafka({ dataDir: folder.kafka, port: kafkaPort, log, onSpawn, wires: wirePorts.map((port, i) => ({ port, advertisedPort: kafkaLinks[i] as number })) }),
  }, roster);
  const stop = async (keepFolder: boolean): Promise<void> => {
    // A stopped process ends only when it goes on; a cut wire would make its end long.
    for (const one of nodes) one.signal('SIGCONT');
    for (const one of links) one.mend();
    await parts.stop();
    for (const server of [kafka, nats, postgres]) await server.stop();
    for (const one of links) await one.close();
    await prices.close();
    await trades.close();
    await guard.close();
    roster.close();
    await new Promise((resolve) => events.end(resolve));
    if (!keepFolder) await rm(folder.path, { recursive: true, force: true, maxRetries: 5 });
  };
  const nodes: TargetNode[] = [];
  try {
    for (const [i, relay] of relays.entries()) kafkaLinks.push(await link(relay, 'kafka', wirePorts[i] as number));
    tell('starts PostgreSQL, NATS and Kafka');
    await Promise.all([postgres.start(), nats.start(), kafka.start()]);
    stopped.throwIfAborted();
    await migrateOnce(databaseUrl, settings, say);
    tell('starts the nodes');
    const inside = join(folder.path, 'run');
    await mkdir(inside);
    const tools: NodeTools = { parts, roster, logs: folder.logs, inside, preload: PRELOAD, stopMs: settings.drainTimeout + DRAIN_LAST_RESORT_MS + STOP_SLACK_MS };
    const edgePorts = await freePorts(shape.edge);
    const edges: string[] = [];
    const begin = async (name: string, role: Role, i: number): Promise<void> => {
      const through = new URL(databaseUrl);
      through.port = String(await link(name, 'postgres', pgPort));
      const env = {
        POSTGRES_URL: through.href, NATS_URL: `nats://127.0.0.1:${await link(name, 'nats', natsPort)}`, KAFKA_BROKERS: `127.0.0.1:${kafkaLinks[role === 'relay' ? i : 0]}`,
        PRICE_SERVICE_URL: prices.urlFor(name), TRADE_SERVICE_URL: trades.url, ...SUBMISSIONS, HOST: '127.0.0.1', PORT: String(edgePorts[i] ?? 0), METRICS_PORT: '0', LOG_FORMAT: 'json', SLUICE_DATA: folder.path,
        VERIFY_TIMEOUT: '900000', // an hour makes millions of records
      };
      if (role === 'edge') edges[i] = `http://127.0.0.1:${await link('client', 'edge', edgePorts[i] as number, `client->${name}`)}`;
      nodes.push(await startNode(name, role, env, tools));
    };
    await Promise.all((['edge', 'writer', 'relay'] as const).flatMap((role) => names(role, shape[role]).map((name, i) => begin(name, role, i))));
    nodes.sort((a, b) => a.name.localeCompare(b.name));
    for (const port of edgePorts) await untilReady(`http://127.0.0.1:${port}`, shape.writer, stopped);
    stopped.throwIfAborted();
    const target: Target = {
      nodes: (role) => nodes.filter((node) => role === undefined || node.role === role),
      postgres: targetPostgres(postgres, () => databaseUrl),
      nats: targetNats(nats),
      kafka: targetKafka(kafka, settings.ordersTopic, settings.kafkaPartitions),
      prices,
      trades,
      links: (from, to) => links.filter((one) => (from === undefined || one.from === from || one.from.replace(/-\d+$/, '') === from) && (to === undefined || one.to === to)),
      sleep: (ms) => sleep(ms, undefined, { signal: stopped }),
      stopped,
    };
    return { target, edges, folder, postgresUrl: databaseUrl, trades, note, stop };
  } catch (error) {
    await stop(false);
    throw error;
  }
}

function names(role: Role, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}
