import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import pg from 'pg';
import { quietNegativeTimeouts } from '../../../services/publisher/kafka-client.ts';
import type { RunningServer } from '../../../shared/runtime/servers/server-process.ts';
import type { Roster } from '../../up/roster.ts';
import { STAGES, type Stage } from '../../up/parts.ts';
import type { TargetKafka, TargetNats, TargetPostgres, TargetServer } from '../target.ts';

/** A server with what its owner needs. */
export interface ManagedServer extends TargetServer {
  /** Stops it in order if it runs. */
  stop(): Promise<void>;
}

/** How to start a server of a name on its folder and port. */
export interface ServerHow {
  name: Stage;
  dataDir: string;
  port: number;
  start: (onSpawn: (pid: number, stopSignal: NodeJS.Signals) => void) => Promise<RunningServer>;
}

const GRACE_MS = 10_000;

/** A server that nothing but `start` starts, and that is under guard from its first moment. */
export function manageServer(how: ServerHow, roster: Roster): ManagedServer {
  let current: RunningServer | undefined;
  let starting: Promise<void> | undefined;
  const begin = async (): Promise<void> => {
    const server = await how.start((pid, signal) => roster.joined(how.name, pid, { signal, graceMs: GRACE_MS, stage: STAGES[how.name] }));
    current = server;
    void server.exited.then(() => {
      roster.left(server.pid);
      if (current === server) current = undefined;
    });
  };
  return {
    dataDir: how.dataDir,
    port: how.port,
    get running() {
      return current !== undefined;
    },
    get pid() {
      return current?.pid;
    },
    signal(name) {
      current?.kill(name);
      return current !== undefined;
    },
    async end(name) {
      const server = current;
      server?.kill(name);
      await server?.exited;
      current = undefined;
    },
    start: () => (current ? Promise.resolve() : (starting ??= begin().finally(() => (starting = undefined)))),
    async stop() {
      await starting?.catch(() => undefined); // whoever started it was told
      current?.kill('SIGCONT');
      await current?.stop();
    },
  };
}

const STARTING_UP = '57P03';
const UP_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 100;

/** A connection; one to a server that recovers from a crash just now is tried again until it is up. */
async function connectOnceUp(url: string): Promise<pg.Client> {
  const until = performance.now() + UP_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'sluice-prove' });
    client.on('error', () => undefined); // a broken connection fails the statement under way, or the next one
    try {
      await client.connect();
      return client;
    } catch (error) {
      if ((error as { code?: unknown }).code !== STARTING_UP || performance.now() >= until) throw error;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

/** PostgreSQL as faults see it. @param url address of Sluice's database, as superuser, past every link */
export function targetPostgres(server: TargetServer, url: () => string): TargetPostgres {
  const session = async () => {
    const client = await connectOnceUp(url());
    return {
      sql: async <Row>(text: string, values: unknown[] = []) => (await client.query(text, values)).rows as Row[],
      end: () => client.end(),
    };
  };
  return Object.assign(server, {
    database: 'sluice',
    clusterDir: join(server.dataDir, 'data'),
    session,
    async sql<Row>(text: string, values: unknown[] = []) {
      const one = await session();
      try {
        return await one.sql<Row>(text, values);
      } finally {
        await one.end();
      }
    },
    stopImmediate: () => server.end('SIGQUIT'),
  });
}

/** NATS as faults see it. */
export function targetNats(server: TargetServer): TargetNats {
  return Object.assign(server, {
    async wipe() {
      if (server.running) throw new Error('the store of a NATS that runs is not to be deleted');
      await rm(join(server.dataDir, 'jetstream'), { recursive: true, force: true });
    },
  });
}

/** Kafka as faults see it. */
export function targetKafka(server: TargetServer, topic: string, partitions: number): TargetKafka {
  const brokers = `127.0.0.1:${server.port}`;
  return Object.assign(server, {
    brokers, topic, partitions,
    async admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
      quietNegativeTimeouts();
      const admin = new kafkajs.Kafka({ clientId: 'sluice-prove', brokers: [brokers], connectionTimeout: 3_000, requestTimeout: 15_000, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 } }).admin();
      await admin.connect();
      try {
        return await work(admin);
      } finally {
        await admin.disconnect();
      }
    },
  });
}
