import { between } from '../random.ts';
import type { TargetNats } from '../target.ts';
import type { Fault } from './fault.ts';

const NATS_WIRES = ['edge->nats', 'writer->nats', 'relay->nats'];
const SLOW_MS = [100, 1_000] as const;

async function killed(nats: TargetNats): Promise<{ end(): Promise<void> }> {
  await nats.end('SIGKILL');
  return { end: () => nats.start() };
}

/** What befalls NATS. That it is cut off from one node is done to wires. */
export const NATS_SERVER: readonly Fault[] = [
  { name: 'nats-killed', says: 'NATS is killed, and started again at the end', touches: ['nats'], inject: ({ nats }) => killed(nats) },
  {
    name: 'nats-emptied',
    says: 'NATS is killed, and started again with an empty store at the end',
    touches: ['nats'],
    async inject({ nats }) {
      const down = await killed(nats);
      await nats.wipe();
      return down;
    },
  },
  {
    name: 'nats-frozen',
    says: 'NATS is stopped (SIGSTOP) and goes on at the end: connections stand, and nothing passes',
    touches: ['nats'],
    inject({ nats }) {
      nats.signal('SIGSTOP');
      return Promise.resolve({
        end() {
          nats.signal('SIGCONT');
          return Promise.resolve();
        },
      });
    },
  },
  {
    name: 'nats-slow',
    says: 'NATS is slow: 0.1 to 1 s later each way, for all nodes',
    touches: ['nats', ...NATS_WIRES],
    inject(target, random) {
      const links = target.links(undefined, 'nats');
      const ms = between(random, ...SLOW_MS);
      for (const link of links) link.delay(ms);
      return Promise.resolve({
        end() {
          for (const link of links) link.mend();
          return Promise.resolve();
        },
      });
    },
  },
];
