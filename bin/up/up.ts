import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import pc from 'picocolors';
import type { Settings } from '../../shared/config/settings.ts';
import { startGuard } from '../../shared/runtime/guard.ts';
import { DRAIN_LAST_RESORT_MS } from '../node/until-stopped.ts';
import { CliError, EXIT, type ExitCode } from '../cli-error.ts';
import { dataFolder, openDataFolder, type DataFolder } from './data-folder.ts';
import { finishLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { createLogDigest } from './log-digest.ts';
import { startNodes, writerCount, type NodeTools } from './nodes.ts';
import { createParts, type Parts } from './parts.ts';
import { restPort, serverPorts } from './ports.ts';
import { createRoster, type Roster } from './roster.ts';
import { readRunRecord } from './run-file.ts';
import { createSay, seconds, type Say } from './say.ts';
import { haveKafka, haveNats, havePostgres } from './servers.ts';
import { untilReady } from './until-ready.ts';
import { watchStopSignals } from './stop-signals.ts';

const QUIET_MS = 10_000;
const LEFTOVER_STOP_MS = 5_000;
/** For servers under a dead launcher's guard, after the nodes. */
const SERVERS_STOP_MS = 30_000;

/**
 * Runs a whole Sluice until it is asked to stop, and stops it in order: edge, writers, relays, servers.
 * @throws CliError when it cannot start; then nothing of it runs any more
 */
export async function up(settings: Settings): Promise<ExitCode> {
  const began = performance.now();
  const say = createSay(process.stdout);
  process.stdout.on('error', () => undefined); // the terminal was closed: that is told by SIGHUP, and stopping needs no words
  const stop = watchStopSignals();
  const folder = dataFolder(settings.dataDir);
  await openDataFolder(folder);
  await takeFolder(folder, settings, say);
  const port = await restPort(settings.host, settings.port);
  const guard = startGuard();
  const roster = createRoster(folder.path, guard);
  const parts = createParts(roster, say);
  const follows: (() => Promise<void>)[] = [];
  stop.onAgain(() => {
    say.warn('Asked again: ends at once. What was in work is settled from the ledger at the next start.');
    for (const [name, pid] of roster.pids()) if (/^(edge|writer|relay)/.test(name)) process.kill(pid, 'SIGKILL');
    process.exit(EXIT.interrupted); // the guard stops the servers
  });
  try {
    say.plain(`${pc.bold(`Sluice ${version()}`)} starts; data in ${shown(folder.path)}`);
    const tools = { settings, folder, port, parts, roster, say, follows };
    const started = start(tools, stop.asked);
    await Promise.race([started, aborted(stop.asked)]);
    if (!stop.asked.aborted) {
      say.plain(readyText(urlOf(settings, port), folder, performance.now() - began));
      await aborted(stop.asked);
    }
    say.plain(`\nStopping (${String(stop.asked.reason)}): no new requests are taken, work in flight is finished; Ctrl-C again ends at once`);
    started.catch(() => undefined); // cut off by the stop; what it has started is stopped below
  } finally {
    const stopBegan = performance.now();
    await parts.stop();
    await guard.close();
    for (const close of follows) await close();
    roster.close();
    if (stop.asked.aborted) say.plain(`Sluice has stopped (${seconds(performance.now() - stopBegan)}).`);
  }
  return EXIT.ok;
}

interface StartTools {
  settings: Settings;
  folder: DataFolder;
  port: number;
  parts: Parts;
  roster: Roster;
  say: Say;
  follows: (() => Promise<void>)[];
}

async function start({ settings, folder, port, parts, roster, say, follows }: StartTools, asked: AbortSignal): Promise<void> {
  const url = urlOf(settings, port);
  const servers = { settings, folder, ports: await serverPorts(folder.path), parts, say };
  const nodes: NodeTools = { settings, port, logs: folder.logs, parts, say, digest: createLogDigest(QUIET_MS), onFollow: (close) => void follows.push(close) };
  const writers = writerCount(settings.writers, availableParallelism());
  const database = import('./database.ts'); // brings the whole ORM: it is loaded while PostgreSQL starts
  const postgres = havePostgres(servers).then(async (address) => (await database).migrateOnce(address, settings, say));
  const both = Promise.all([postgres, haveNats(servers)]).then(([postgresUrl, natsUrl]) => ({ postgresUrl, natsUrl, kafkaBrokers: settings.kafkaBrokers }));
  const all = Promise.all([both, haveKafka(servers)]).then(([addresses, kafkaBrokers]) => {
    roster.setAddresses(url, { ...addresses, kafkaBrokers });
    return { ...addresses, kafkaBrokers };
  });
  // With METRICS_PORT given, writers come first and relays after them; the edge serves its figures itself.
  const relayMetrics = settings.metricsPort === 0 ? 0 : settings.metricsPort + writers;
  await Promise.all([
    both.then((addresses) => startNodes('edge', 1, 0, addresses, nodes)),
    both.then((addresses) => startNodes('writer', writers, settings.metricsPort, addresses, nodes)),
    all.then((addresses) => startNodes('relay', settings.relays, relayMetrics, addresses, nodes)),
  ]);
  await untilReady(url, writers, asked);
}

async function takeFolder(folder: DataFolder, settings: Settings, say: Say): Promise<void> {
  const holder = await takeLock(folder.path);
  const record = readRunRecord(folder.path);
  if (holder) {
    const where = record?.launcher.pid === holder.pid && record.url !== '' ? `, ${record.url}` : '';
    throw new CliError(`Sluice already runs on ${shown(folder.path)} (process ${holder.pid}${where}). Stop it, or choose another folder and port: SLUICE_DATA=.sluice-2 PORT=${settings.port + 1} npm start`, EXIT.usage);
  }
  await finishLeftovers(record, {
    guardMs: settings.drainTimeout + DRAIN_LAST_RESORT_MS + SERVERS_STOP_MS,
    stopMs: LEFTOVER_STOP_MS,
    begins: () => say.note('An earlier run was cut off; waiting until all of it has stopped ...'),
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Where people and programs of this machine reach it. */
function urlOf({ host, tlsCert }: Pick<Settings, 'host' | 'tlsCert'>, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${tlsCert === '' ? 'http' : 'https'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function readyText(url: string, folder: DataFolder, ms: number): string {
  const send = `bin/sluice send ${url === 'http://127.0.0.1:8080' ? '' : `--url ${url} `}examples/executions.ndjson`;
  return [
    pc.bold(pc.green(`Sluice is ready: ${url}`)) + pc.dim(`  (${seconds(ms)})`),
    '',
    `  Try it       ${send}`,
    `  Look around  ${url}/console`,
    `  Interface    ${url}/docs`,
    `  Logs         ${shown(folder.logs)}`,
    '  Stop         Ctrl-C',
    '',
  ].join('\n');
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
