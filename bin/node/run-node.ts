import { migrate } from '../../shared/db/migrate.ts';
import { NoConnectionsLeft } from '../../shared/db/pool-share/pool-share.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { startNode } from '../../shared/runtime/node.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { restPort } from '../up/ports.ts';
import { withAddresses } from './addresses.ts';
import { loadServices } from './roles.ts';
import { readSettingsOrFail } from './settings.ts';
import { watchStop } from './until-stopped.ts';

/** What a child of `sluice up` tells its parent when it is ready. */
export interface NodeReady {
  ready: true;
  nodeId: string;
}

/**
 * Runs one node until it is told to stop; see watchStop.
 * @param migrateFirst whether to bring the database up to date before; `sluice up` has done it for its nodes
 */
export async function runNode(role: string, services: readonly string[], migrateFirst: boolean): Promise<void> {
  const stop = watchStop();
  const given = withAddresses(readSettingsOrFail());
  const settings = services.includes('gateway') ? { ...given, port: await restPort(given.host, given.port) } : given;
  if (migrateFirst) await migrate(settings.postgresUrl, await loadKinds(settings.recordKinds), settings);
  const node = await startNode(role, await loadServices(services), settings).catch((error: unknown) => {
    throw error instanceof NoConnectionsLeft ? new CliError(`This node can't start. ${error.message}`, EXIT.system, error) : error;
  });
  const stopped = stop.untilStopped(node, settings.drainTimeout);
  process.send?.({ ready: true, nodeId: node.context.nodeId } satisfies NodeReady);
  await stopped;
}
