import type { Settings } from '../../shared/config/settings.ts';
import { DRAIN_LAST_RESORT_MS } from '../node/until-stopped.ts';
import type { Role } from '../node/roles.ts';
import { followLog } from './follow-log.ts';
import type { LogDigest } from './log-digest.ts';
import { logFileOf, startNodeProcess } from './node-process.ts';
import type { PartSpec, Parts } from './parts.ts';
import type { RunRecord } from './run-file.ts';
import type { Say } from './say.ts';

/** What starting the nodes needs. */
export interface NodeTools {
  settings: Settings;
  /** Port of the REST interface. */
  port: number;
  logs: string;
  parts: Parts;
  digest: LogDigest;
  say: Say;
  /** Told what stops the reading of a node's log. */
  onFollow(stop: () => Promise<void>): void;
}

/** Beyond the node's own last resort, which ends it sooner. */
const STOP_SLACK_MS = 2_000;
const FEWEST_WRITERS = 2;
const MOST_WRITERS = 8;
const CORES_PER_WRITER = 4;

/**
 * Writer processes to start: as many as the setting says, or for 0 what the cores bear. A row costs its writer 1-2 us and PostgreSQL's
 * backends about 10, and edge, relay and Kafka live on the same cores: one writer for every four cores keeps PostgreSQL
 * busy. Two at least, so that one may die; eight at most, for then PostgreSQL's connections are the limit.
 */
export function writerCount(setting: number, cores: number): number {
  return setting > 0 ? setting : Math.min(MOST_WRITERS, Math.max(FEWEST_WRITERS, Math.ceil(cores / CORES_PER_WRITER)));
}

/**
 * Starts `count` nodes of a role at once, and resolves when all are ready. One alone bears the role's name, more are numbered.
 * @param metricsPort port for /metrics of the first, counted up from there; 0 takes free ones
 */
export async function startNodes(role: Role, count: number, metricsPort: number, addresses: RunRecord['addresses'], tools: NodeTools): Promise<void> {
  const began = performance.now();
  const names = Array.from({ length: count }, (_, i) => (role === 'writer' || count > 1 ? `${role}-${i + 1}` : role));
  await Promise.all(
    names.map(async (name, i) => {
      const follow = await followLog(
        logFileOf(tools.logs, name),
        (line) => {
          for (const { level, text } of tools.digest.take(name, line, performance.now())) tools.say[level === 'warn' ? 'warn' : 'error'](text);
        },
        (error) => tools.say.error(`The log of ${name} cannot be read: ${String(error)}`),
      );
      tools.onFollow(() => follow.stop());
      await tools.parts.start(nodeSpec(name, role, metricsPort === 0 ? 0 : metricsPort + i, addresses, tools));
    }),
  );
  if (count > 0) tools.say.done(count === 1 ? role : `${role}s`, count === 1 ? 'ready' : `${count} ready`, performance.now() - began);
}

function nodeSpec(name: string, role: Role, metricsPort: number, addresses: RunRecord['addresses'], { settings, port, logs }: NodeTools): PartSpec {
  const ownTimeMs = settings.drainTimeout + DRAIN_LAST_RESORT_MS;
  const env = {
    POSTGRES_URL: addresses.postgresUrl,
    NATS_URL: addresses.natsUrl,
    KAFKA_BROKERS: addresses.kafkaBrokers,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    ...(settings.nodeId === '' ? {} : { NODE_ID: `${settings.nodeId}-${name}` }),
  };
  return {
    name,
    stage: role,
    stopSignal: 'SIGTERM',
    graceMs: ownTimeMs + STOP_SLACK_MS,
    start: (signal, onSpawn) => startNodeProcess({ name, role, env, logFile: logFileOf(logs, name), stopMs: ownTimeMs + STOP_SLACK_MS }, signal, onSpawn),
  };
}
