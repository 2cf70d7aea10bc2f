import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import moleculer, { type ServiceBroker, type ServiceSchema } from 'moleculer';
import { brokerOptions } from '../../moleculer.config.ts';
import type { Settings } from '../config/settings.ts';
import { watchKeys } from '../access/watch-keys.ts';
import { connectDatabase } from '../db/connect.ts';
import { poolNeeds } from '../db/pool-size.ts';
import { asRefusal, PoolShare } from '../db/pool-share/pool-share.ts';
import { followSettings } from '../live/follow-settings.ts';
import { startTracing } from '../tracing/tracing.ts';
import { Metrics } from '../metrics/metrics.ts';
import { loadKinds } from '../records/load-kinds.ts';
import { DrainSwitch } from './drain-switch.ts';
import { Health } from './health.ts';
import { IntakeGate } from './intake-gate.ts';
import { createLog } from './log.ts';
import type { NodeContext } from './node-context.ts';
import { announceMetrics, type NodeMetadata } from './metrics-address.ts';
import { startMetricsServer } from './metrics-server.ts';
import { natsIsConnected, tellWhyNatsIsAway } from './nats-status.ts';
import { announceDrained } from './fleet.ts';
import { createNodeService } from './node-service.ts';
import { tellPool } from './tell-pool.ts';

/** Makes a service for a node. Services know nothing of each other; which run where is the caller's choice. */
export type ServiceFactory = (node: NodeContext) => ServiceSchema;

export interface RunningNode {
  context: NodeContext;
  broker: ServiceBroker;
  /** Closes the intake, finishes work in flight, and lets go of everything, in reverse order. Twice is fine. */
  stop(): Promise<void>;
}

/** Of the pool, until the node has its share. */
const JOINING_CONNECTIONS = 1;

/**
 * Starts one node of the fleet with these services.
 * @param role short name that goes into the node's id and its database connections, e.g. `edge`
 */
export async function startNode(role: string, factories: Record<string, ServiceFactory>, given: Settings): Promise<RunningNode> {
  const settings = { ...given }; // the node's own: live settings are written into it
  const services = Object.keys(factories);
  const nodeId = settings.nodeId !== '' ? settings.nodeId : `${role}-${hostname().slice(0, 40).replace(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}-${randomBytes(2).toString('hex')}`;
  const log = createLog(settings, nodeId);
  const kinds = new Map((await loadKinds(settings.recordKinds)).map((k) => [k.name, k]));
  const database = await connectDatabase(settings.postgresUrl, [...kinds.values()], settings, {
    max: JOINING_CONNECTIONS,
    applicationName: `sluice ${nodeId}`.slice(0, 63),
  }).catch((error: unknown) => {
    throw asRefusal(error);
  });
  const share = new PoolShare({ pool: database.pool, node: nodeId, ...poolNeeds(services, settings), reserve: settings.poolReserve, leaseMs: settings.poolLease, timeoutMs: settings.transactionTimeout, log });
  const letGo = async (error: unknown): Promise<never> => {
    await share.leave();
    await database.close();
    throw error;
  };
  await share.join().catch(letGo);
  const watched = await watchKeys({ pool: database.pool, settings, log }).catch(letGo);
  const live = followSettings({ pool: database.pool, settings, log });
  const context: NodeContext = { nodeId, services, settings, live, keys: watched.ring, kinds, log, database, metrics: new Metrics(), tracing: await startTracing(settings, { nodeId, role, log }), health: new Health(), gate: new IntakeGate(), breakers: new Map(), drain: new DrainSwitch(), onDrain: [] };
  const broker = new moleculer.ServiceBroker({ ...brokerOptions(settings, nodeId), metadata: { role } satisfies NodeMetadata });
  tellWhyNatsIsAway(broker, log);
  context.health.add('postgres', async () => {
    await database.pool.query('select 1');
    return { status: 'up' };
  }, true);
  context.health.add('nats', () => (natsIsConnected(broker) ? { status: 'up' } : { status: 'down', why: 'NATS does not answer; calls between nodes wait until it does. It is reconnected by itself.' }), true);
  context.health.add('duty', () => (context.drain.on ? { status: 'down', why: `Drained by an operator: no new work comes here. sluice nodes undrain ${nodeId}` } : { status: 'up' }), true);
  context.drain.onChange(() => announceDrained(broker, context.drain.on));
  broker.createService(createNodeService(context));
  // Each service has the pool under its own name, so that who holds a connection can be told.
  for (const [name, factory] of Object.entries(factories)) broker.createService(factory({ ...context, database: { ...database, pool: database.watch.as(name) } }));
  const telling = tellPool(context, role);
  await live.look().catch((error: unknown) => log.warn({ err: error }, 'the live settings could not be read yet; what the node began with holds'));
  // Listens before the fleet hears of the node, for its address is among what it hears.
  const metricsServer = services.includes('gateway') ? undefined : await startMetricsServer(context);
  if (metricsServer !== undefined) announceMetrics(broker, settings, metricsServer.port);
  await broker.start().catch(async (error: unknown) => {
    await metricsServer?.close();
    await Promise.all([watched.stop(), live.stop(), telling.stop()]);
    // Others need not wait for its lease.
    return letGo(error);
  });
  log.info({ services, ...(metricsServer === undefined ? {} : { metricsPort: metricsServer.port }) }, 'node started');

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    log.info('node stops: finishing work in flight');
    await Promise.all(context.onDrain.map((close) => close()));
    await broker.stop();
    await metricsServer?.close();
    await context.tracing?.close();
    await watched.stop();
    await live.stop();
    await telling.stop();
    await share.leave();
    await database.close();
    log.info('node stopped');
  };
  return { context, broker, stop: () => (stopping ??= stop()) };
}
