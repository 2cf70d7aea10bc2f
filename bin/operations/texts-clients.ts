import type { ClientUse } from '../../shared/contracts/clients.ts';
import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

/** The answers of the operations on clients as a terminal shows them. */
export const CLIENTS_TEXTS = {
  'clients.list': ({ clients, sinceS }: { clients: ClientUse[]; sinceS: number }, paint: Paint): string => {
    if (clients.length === 0) return `Nobody sent anything in the last ${sinceS} s.\n`;
    const rows = clients.map(({ client, batches, items, share, keys }) => [client, batches, items, `${Math.round(share * 100)} %`, keys.length === 0 ? '-' : keys.map((key) => `${key.id} (${limitsText(key)})`).join(', ')]);
    return `In the last ${sinceS} s\n${table(['CLIENT', 'BATCHES', 'ITEMS', 'SHARE', 'KEYS'], rows, paint)}\n`;
  },
};

/** How much a key may, for a person. */
export function limitsText({ ratePerSecond, maxInFlight }: { ratePerSecond: number | null; maxInFlight: number | null }): string {
  const parts = [...(ratePerSecond === null ? [] : [`${ratePerSecond} a second`]), ...(maxInFlight === null ? [] : [`${maxInFlight} in flight`])];
  return parts.length === 0 ? 'no limit' : parts.join(', ');
}
