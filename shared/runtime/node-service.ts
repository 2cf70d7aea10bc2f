import type { ServiceSchema } from 'moleculer';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Actions, NodeAbout, NodeBreakers, NodeHealth } from '../contracts/actions.ts';
import type { AnswerCounts } from '../contracts/guards.ts';
import type { NodeFlow } from '../contracts/flow.ts';
import type { PoolSample } from '../contracts/pools.ts';
import { LIVE_NAMES, SETTINGS_CHANGED } from '../live/follow-settings.ts';
import { countAnswers } from './count-answers.ts';
import type { NodeContext } from './node-context.ts';
import { sampleFlow } from './sample-flow.ts';
import { samplePool } from './tell-pool.ts';

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** The service every node has: it answers for the node itself. */
export function createNodeService(node: NodeContext): ServiceSchema {
  return {
    name: 'node',
    settings: {},
    actions: {
      health: {
        async handler(): Promise<NodeHealth> {
          return { node: node.nodeId, services: [...node.services], ...(await node.health.read()) };
        },
      },
      about: { handler: (): NodeAbout => aboutNode(node) },
      logLevel: {
        handler({ params }: { params: { level: string } }): { before: string } {
          const before = node.log.level;
          node.log.level = params.level;
          return { before };
        },
      },
      drain: {
        handler({ params }: { params: { on: boolean } }): void {
          node.drain.set(params.on);
          node.log.warn(params.on ? 'drained: no new work comes here until it is lifted' : 'no longer drained');
        },
      },
      breakers: { handler: (): NodeBreakers => ({ node: node.nodeId, breakers: [...node.breakers].map(([name, { state, tripped }]) => ({ name, state, tripped })) }) },
      setBreaker: {
        handler({ params: { name, open } }: { params: Actions['node.setBreaker']['params'] }): void {
          const breaker = node.breakers.get(name);
          if (open) breaker?.trip();
          else breaker?.reset();
          if (breaker !== undefined) node.log.warn({ breaker: name }, open ? 'an operator opened the breaker' : 'an operator reset the breaker');
        },
      },
      flow: { handler: (): Promise<NodeFlow> => sampleFlow(node, samplePool(node)) },
      answered: { handler: (): Promise<AnswerCounts> => countAnswers(node) },
      pool: { handler: (): PoolSample => samplePool(node) },
    },
    events: {
      [SETTINGS_CHANGED]: { handler: () => node.live.look().catch((error: unknown) => node.log.warn({ err: error }, 'a change of settings could not be read yet')) },
    },
  };
}

function aboutNode({ nodeId, services, log, settings }: NodeContext): NodeAbout {
  return {
    node: nodeId, services: [...services], version: VERSION, pid: process.pid, host: hostname(), uptime: Math.round(process.uptime()),
    memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576), logLevel: log.level,
    settings: Object.fromEntries(LIVE_NAMES.map((name) => [name, settings[name]])),
  };
}
