import { randomUUID } from 'node:crypto';
import moleculer, { type ServiceBroker } from 'moleculer';
import { pino } from 'pino';
import { KeyRing } from '../../../../shared/access/key-ring.ts';
import { createPublisher } from '../../../../services/publisher/publisher.service.ts';
import type { Sink } from '../../../../services/publisher/sink.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import type { Settings } from '../../../../shared/config/settings.ts';
import { connectDatabase } from '../../../../shared/db/connect.ts';
import { Metrics } from '../../../../shared/metrics/metrics.ts';
import { loadKinds } from '../../../../shared/records/load-kinds.ts';
import { DrainSwitch } from '../../../../shared/runtime/drain-switch.ts';
import { Health } from '../../../../shared/runtime/health.ts';
import { IntakeGate } from '../../../../shared/runtime/intake-gate.ts';
import type { NodeContext } from '../../../../shared/runtime/node-context.ts';

/** A relay in this process. */
export interface TestRelay {
  node: NodeContext;
  broker: ServiceBroker;
  /** In order, shards given back. */
  stop: () => Promise<void>;
}

/** Settings of a fast-moving relay; `over` wins. */
export function relaySettings(databaseUrl: string, over: Partial<Settings>): Settings {
  const { settings } = readSettings({ POSTGRES_URL: databaseUrl, LOG_LEVEL: 'silent' });
  return { ...settings, relayPoll: 20, shardLease: 2_000, breakerCooldown: 50, retryInitialDelay: 20, retryMaxDelay: 200, kafkaRequestTimeout: 2_000, ...over };
}

/** A topic name of its own, and the sink that goes with it. */
export function newTopic(): { topic: string; sink: string } {
  const topic = `orders-${randomUUID()}`;
  return { topic, sink: `kafka:${topic}` };
}

export interface RelayOptions {
  nodeId?: string;
  /** Lets faults in. */
  around?: (sink: Sink) => Sink;
}

/** Starts the publisher service as a node does, without a fleet around it. */
export async function startRelay(settings: Settings, { nodeId = `relay-${randomUUID()}`, around }: RelayOptions = {}): Promise<TestRelay> {
  const kinds = new Map((await loadKinds(settings.recordKinds)).map((k) => [k.name, k]));
  const database = await connectDatabase(settings.postgresUrl, [...kinds.values()], settings, { max: settings.relayPool, applicationName: nodeId });
  const log = pino({ level: process.env.TEST_LOG ?? settings.logLevel });
  const node = { nodeId, services: ['publisher'], settings, live: { look: async () => undefined, stop: async () => undefined }, keys: new KeyRing(), kinds, log, database, metrics: new Metrics(), health: new Health(), gate: new IntakeGate(), breakers: new Map(), drain: new DrainSwitch(), onDrain: [] } as NodeContext;
  const broker = new moleculer.ServiceBroker({ nodeID: nodeId, logger: false });
  broker.createService(createPublisher(node, around));
  await broker.start();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await broker.stop();
    await database.close();
  };
  return { node, broker, stop: () => (stopping ??= stop()) };
}
