import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBroker } from 'moleculer';
import { brokerOptions } from '../../moleculer.config.ts';
import type { Settings } from '../../shared/config/settings.ts';

/** The fleet as one who only listens sees it. */
export interface Joined {
  broker: ServiceBroker;
  /** Whether NATS could be reached in time; it is tried on in any case. */
  connected: boolean;
  leave(): Promise<void>;
}

const CONNECT_MS = 3_000;
const LEAVE_MS = 5_000;

/**
 * Joins a fleet over NATS as a node with no service, not even the broker's own: nothing is ever sent to it, it has no metrics to be missed, and holds no
 * connection to PostgreSQL. It says goodbye when it leaves.
 */
export async function joinFleet(settings: Settings): Promise<Joined> {
  const nodeId = `repl-${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`;
  const broker = new ServiceBroker({ ...brokerOptions(settings, nodeId), internalServices: false });
  const connected = await within(CONNECT_MS, broker.start());
  return {
    broker,
    connected,
    async leave() {
      // A broker that never reached NATS goes on trying: the session's end doesn't wait for it.
      if (!(await within(LEAVE_MS, broker.stop())) || !connected) process.exit();
    },
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(ms, false, { signal: stop.signal }).catch(() => false); // the work was done first
  return Promise.race([work.then(() => true), late]).finally(() => stop.abort());
}
