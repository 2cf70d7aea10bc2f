import { connect } from 'node:net';
import type { Settings } from '../../shared/config/settings.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import type { RunningServer, StartOptions } from '../../shared/runtime/servers/server-process.ts';
import { ServerUnavailable } from '../../shared/runtime/servers/server-unavailable.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { DataFolder } from './data-folder.ts';
import type { PartSpec, Parts } from './parts.ts';
import type { ServerName, ServerPorts } from './ports.ts';
import type { Say } from './say.ts';
import type { Running } from './supervise.ts';

/** What starting the servers needs. */
export interface ServerTools {
  settings: Settings;
  folder: DataFolder;
  ports: ServerPorts;
  parts: Parts;
  say: Say;
}

type Start = (options: StartOptions) => Promise<RunningServer>;
const GRACE_MS = 10_000;
const REACH_MS = 5_000;

/** The PostgreSQL to use: the one that was given, or one started here. Its address. */
export async function havePostgres(tools: ServerTools): Promise<string> {
  if (tools.settings.postgresUrl !== '') return tools.settings.postgresUrl;
  return started(tools, serverSpec('PostgreSQL', 'postgres', 'SIGINT', startPostgres, tools));
}

/** The NATS to use: the one that was given, if it answers, or one started here. Its address. */
export async function haveNats(tools: ServerTools): Promise<string> {
  const { natsUrl } = tools.settings;
  if (natsUrl === '') return started(tools, serverSpec('NATS', 'nats', 'SIGTERM', startNats, tools));
  const { hostname, port } = new URL(natsUrl);
  const began = performance.now();
  await reach(hostname, Number(port === '' ? 4222 : port)).catch((cause: unknown) => {
    throw new CliError(`NATS_URL: nothing answers at ${hostname}:${port === '' ? 4222 : port} (${(cause as Error).message}).`, EXIT.system, cause);
  });
  tools.say.done('NATS', `answers at ${hostname}`, performance.now() - began);
  return natsUrl;
}

/**
 * The Kafka to use, as brokers: those given, or one started here; empty where none is to be had, which is told and is no error, for
 * records are kept until there is one.
 */
export async function haveKafka(tools: ServerTools): Promise<string> {
  const { settings, say, parts, ports } = tools;
  if (settings.kafkaBrokers !== '') return settings.kafkaBrokers;
  const spec = serverSpec('Kafka', 'kafka', 'SIGTERM', startKafka, tools);
  const began = performance.now();
  try {
    const server = (await parts.start(spec)) as RunningServer;
    say.done('Kafka', `started on port ${server.port}`, performance.now() - began);
  } catch (error) {
    if (error instanceof ServerUnavailable) {
      say.warn(`${error.message}\n  Sluice runs all the same: records are taken and stored, and wait to be delivered until it is started with a Kafka.`);
      return '';
    }
    if (parts.isStopping()) throw error;
    say.error(`Kafka did not start; records are stored and wait until it does. ${error instanceof Error ? error.message : String(error)}`);
    parts.keepTrying(spec);
  }
  return `127.0.0.1:${ports.kafka}`;
}

async function started({ parts, say }: ServerTools, spec: PartSpec): Promise<string> {
  const began = performance.now();
  try {
    const server = (await parts.start(spec)) as RunningServer;
    say.done(spec.name, `started on port ${server.port}`, performance.now() - began);
    return server.url;
  } catch (error) {
    if (error instanceof ServerUnavailable) throw new CliError(error.message, EXIT.system, error);
    throw error;
  }
}

function serverSpec(name: 'PostgreSQL' | 'NATS' | 'Kafka', key: ServerName, stopSignal: NodeJS.Signals, start: Start, { folder, ports, say }: ServerTools): PartSpec {
  return {
    name,
    stage: name,
    stopSignal,
    graceMs: GRACE_MS,
    async start(signal, onSpawn): Promise<Running> {
      let cut: (() => void) | undefined;
      try {
        return await start({
          dataDir: folder[key],
          port: ports[key],
          log: (line) => say.note(line),
          onSpawn(pid) {
            onSpawn(pid);
            cut = () => process.kill(pid, stopSignal);
            if (signal.aborted) cut();
            else signal.addEventListener('abort', cut, { once: true });
          },
        });
      } finally {
        if (cut) signal.removeEventListener('abort', cut);
      }
    },
  };
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve();
    });
    socket.setTimeout(REACH_MS, () => socket.destroy(new Error(`no answer in ${REACH_MS / 1_000} s`)));
    socket.once('error', reject);
  });
}
