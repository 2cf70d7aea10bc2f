import type { ServiceBroker } from 'moleculer';
import { readFileSync } from 'node:fs';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import type { Run } from '../batches/large-facts.ts';
import { LiveHub } from './live-hub.ts';
import { snapshots } from './snapshot.ts';

const EVERY_MS = 1_000;
const LIFE_MS = 60_000;
const ASK_MS = 1_500;
const { version: VERSION } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

/** The live state of the fleet as this edge tells it; closes when the node stops. */
export function createLiveHub(node: NodeContext, broker: ServiceBroker, run: Run): LiveHub {
  const onError = (error: unknown) => node.log.warn({ err: error }, 'the live state could not be read whole; tried again');
  const hub = new LiveHub({
    read: snapshots({ run, ask: () => askAll(broker, 'node.flow', ASK_MS), edge: node.nodeId, version: VERSION, now: () => new Date(), onError }),
    everyMs: EVERY_MS, lifeMs: LIFE_MS, now: () => performance.now(), onError,
    get most() {
      return node.settings.maxEventStreams;
    },
  });
  node.onDrain.push(() => hub.close());
  return hub;
}
