import type { ServiceBroker } from 'moleculer';
import type { Events } from '../../shared/contracts/actions.ts';

/**
 * Tells the relays that there is work, so that they need not wait for their next poll. Nobody answers and nothing rests
 * on it: a relay that misses a nudge finds the rows itself.
 */
export function nudgeRelays(broker: ServiceBroker, sinks: readonly string[], shards: readonly number[]): void {
  const fact: Events['ledger.appended'] = { sinks: [...sinks], shards: [...new Set(shards)] };
  void broker.broadcast('ledger.appended', fact);
}
