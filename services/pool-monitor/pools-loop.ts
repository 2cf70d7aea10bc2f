import type { ServiceBroker } from 'moleculer';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { askAll, nodesWith } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { viewPostgres } from './postgres-view.ts';
import { PoolsWatch } from './watch-pools.ts';

const ASK_MS = 2_000;

/** The watch of this node, and the loop that runs its rounds. Of all nodes that could, the one with the first name watches. */
export function poolsLoop(node: NodeContext, broker: ServiceBroker): { watch: PoolsWatch; loop: Loop } {
  const { settings, metrics, log, database } = node;
  const watch = new PoolsWatch({
    monitor: node.nodeId, intervalMs: settings.poolSampleInterval, metrics,
    sample: () => askAll(broker, 'node.pool', ASK_MS),
    view: () => viewPostgres(database.pool, settings.slowStatement, settings.statementTimeout),
    wallClock: () => Date.now(),
    onSilent: (silent) => log.warn({ silent }, 'nodes did not answer for their pools'),
    onBlind: (error) => log.warn({ err: error }, 'PostgreSQL did not tell of its connections'),
    onChange: ({ node: name, from, to, sample: { active, waiting, max } }) => log[to === 'HEALTHY' ? 'info' : 'warn']({ pool: name, from, to, active, waiting, max }, 'the state of a pool changed'),
  });
  let watching = false;
  const round = async () => {
    const [first] = nodesWith(broker, 'pool-monitor').sort();
    if (first !== undefined && first !== node.nodeId) {
      if (watching) watch.forget();
      watching = false;
      return;
    }
    watching = true;
    await watch.round();
  };
  return { watch, loop: every(settings.poolSampleInterval, round, (error) => log.warn({ err: error }, 'pools could not be sampled')) };
}
