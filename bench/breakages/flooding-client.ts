import type { Breakage } from './breakage.ts';

const SENDERS = 16;
const ITEMS = 400;

/** One client sends as fast as it can, whatever it is told. */
export function floodingClient(key: () => string): Breakage {
  return {
    name: 'flooding-client',
    title: 'A client that floods',
    says: `A client begins to send batches of ${ITEMS} items from ${SENDERS} connections, as fast as it is answered.`,
    section: 'One client sends too much',
    views: ['clients'],
    quietly: true,
    inflict: ({ clients }) => Promise.resolve(clients.begin({ key, senders: SENDERS, items: ITEMS, pauseMs: 0 })),
    // Whichever stage gives way first on this machine.
    shows: ({ findings }) => findings.length > 0,
    steps: [
      { says: 'who it is', run: 'bin/sluice clients' },
      { says: 'what its key may from now on', run: `key=$(bin/sluice clients --json | jq -r '.clients[0].keys[0].id')\nbin/sluice key limit "$key" --rate 5 --dry-run\nbin/sluice key limit "$key" --rate 5` },
    ],
  };
}
