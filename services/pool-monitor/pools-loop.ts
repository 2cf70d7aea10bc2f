import type { ServiceBroker } from 'moleculer';
import { liveView } from '../../shared/live/live-view.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { askAll, firstWith } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import type { Events } from '../../shared/contracts/actions.ts';
import { AdmissionJudge } from './judge-admission.ts';
import { viewBudget, viewPostgres } from './postgres-view.ts';
import { PoolsWatch } from './watch-pools.ts';

const ASK_MS = 2_000;

/** The watch of this node, and the loop that runs its rounds. Of all nodes that could, the one with the first name watches. */
export function poolsLoop(node: NodeContext, broker: ServiceBroker): { watch: PoolsWatch; loop: Loop } {
  const { settings, metrics, log, database } = node;
  const admission = new AdmissionJudge({
    limits: liveView(settings, { failures: 'poolBreakerSamples', cooldownMs: 'poolBreakerCooldown' }), metrics,
    onChange: ({ pools, from, to }) => log.warn({ pools, from, to }, to === 'open' ? 'pools are exhausted: writing requests are refused' : 'the admission breaker moved'),
    onSwitch: () => watch.tellEdges(),
  });
  const watch: PoolsWatch = new PoolsWatch({
    monitor: node.nodeId, intervalMs: settings.poolSampleInterval, metrics,
    sample: () => askAll(broker, 'node.pool', ASK_MS),
    view: () => withinMs(ASK_MS, Promise.all([viewPostgres(database.pool, settings.slowStatement, ASK_MS), viewBudget(database.pool, settings.poolReserve, ASK_MS)])),
    admission,
    tell: (judged) => void broker.broadcast('pools.judged', judged satisfies Events['pools.judged']),
    now: () => performance.now(),
    wallClock: () => Date.now(),
    onSilent: (silent) => log.warn({ silent }, 'nodes did not answer for their pools'),
    onBlind: (error) => log.warn({ err: error }, 'PostgreSQL did not tell of its connections'),
    onChange: ({ node: name, from, to, sample: { active, waiting, max } }) => log[to === 'HEALTHY' ? 'info' : 'warn']({ pool: name, from, to, active, waiting, max }, 'the state of a pool changed'),
  });
  node.breakers.set('admission', admission);
  let watching = false;
  const round = async () => {
    const first = firstWith(broker, 'pool-monitor');
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

/** A sample must not wait for a PostgreSQL that is slow: then above all the others count. */
async function withinMs<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  work.catch(() => undefined); // reported below, unless the time limit was first
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
