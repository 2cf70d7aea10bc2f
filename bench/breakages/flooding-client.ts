import { finds, type Breakage } from './breakage.ts';

const SENDERS = 40;
const ITEMS = 1_000;

/** One client sends as fast as it can, whatever it is told. */
export function floodingClient(key: () => string): Breakage {
  return {
    name: 'flooding-client',
    title: 'A client that floods',
    says: `A client begins to send batches of ${ITEMS} items from ${SENDERS} connections, as fast as it is answered.`,
    section: 'One client sends too much',
    views: [],
    inflict: ({ clients }) => Promise.resolve(clients.begin({ key, senders: SENDERS, items: ITEMS, pauseMs: 0 })),
    shows: (snapshot) => finds(snapshot, 'flush', /slots are taken/) || finds(snapshot, 'queue', /wait for a writer/),
    steps: [
      { says: 'who it is', run: 'bin/sluice clients' },
      { says: 'what its key may from now on', run: `key=$(bin/sluice clients --json | jq -r '.clients[0].keys[0].id')\nbin/sluice key limit "$key" --rate 5 --dry-run\nbin/sluice key limit "$key" --rate 5` },
    ],
  };
}
