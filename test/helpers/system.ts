import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { loadServices, ROLES } from '../../bin/node/roles.ts';
import { readSettings } from '../../shared/config/load.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { startNode, type RunningNode } from '../../shared/runtime/node.ts';
import { kafkaBrokers, natsUrl } from './addresses.ts';
import { createDatabase } from './database.ts';
import { uniqueName } from './namespace.ts';
import { waitFor } from './wait-for.ts';

export interface TestSystem {
  /** Of the REST interface. */
  url: string;
  databaseUrl: string;
  settings: Settings;
  edge: RunningNode;
  writers: RunningNode[];
  relays: RunningNode[];
  /** Starts one more node of a role in this process. */
  join(role: keyof typeof ROLES): Promise<RunningNode>;
  /** Stops all nodes and drops the database. */
  stop(): Promise<void>;
}

export interface SystemShape {
  writers?: number;
  relays?: number;
  settings?: Partial<Settings>;
}

/** A whole Sluice in this process, on the run's real servers, with a database, a fleet name and topics of its own. */
export async function startSystem(shape: SystemShape = {}): Promise<TestSystem> {
  const database = await createDatabase();
  const settings: Settings = {
    ...readSettings({}).settings,
    postgresUrl: database.url,
    natsUrl: natsUrl(),
    kafkaBrokers: (shape.relays ?? 0) > 0 ? kafkaBrokers() : '',
    namespace: uniqueName('fleet'),
    ordersTopic: uniqueName('orders'),
    orderEventsTopic: uniqueName('order-events'),
    batchesTopic: uniqueName('batches'),
    batchCommandsTopic: uniqueName('commands'),
    itemsTopic: uniqueName('items'),
    revaluationsTopic: uniqueName('revaluations'),
    kafkaPartitions: 4,
    port: 0,
    logLevel: 'silent',
    heartbeat: 1,
    ...shape.settings,
  };
  await migrate(database.url, await loadKinds(settings.recordKinds), settings);
  const nodes: RunningNode[] = [];
  const join = async (role: keyof typeof ROLES) => {
    const node = await startNode(role, await loadServices(ROLES[role]), settings);
    nodes.push(node);
    return node;
  };
  const edge = await join('edge');
  const writers = await Promise.all(Array.from({ length: shape.writers ?? 1 }, () => join('writer')));
  const relays = await Promise.all(Array.from({ length: shape.relays ?? 0 }, () => join('relay')));
  await waitFor(() => nodesWith(edge.broker, 'writer').length === writers.length && nodesWith(edge.broker, 'publisher').length === relays.length, { timeoutMs: 30_000, what: 'all nodes to see each other' });
  const server = (edge.broker.getLocalService('gateway') as unknown as { server: Server }).server;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    databaseUrl: database.url,
    settings,
    edge,
    writers,
    relays,
    join,
    async stop() {
      for (const node of nodes) await node.stop();
      await database.drop();
    },
  };
}
