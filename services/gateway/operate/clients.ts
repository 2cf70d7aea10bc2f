import type { ClientUse } from '../../../shared/contracts/clients.ts';
import { CLIENTS_SINCE } from '../../../shared/db/queries/clients.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { OperateTools, Run } from './handlers.ts';

const DEFAULT_LIMIT = 50;
const DEFAULT_SINCE_MS = 60_000;
const TIME_DIGITS = 12;

/** What the operations on clients do. */
export function clientsOperations({ node: { database: { pool }, settings } }: OperateTools): Record<'clients.list', Run> {
  return {
    'clients.list': async ({ since, limit }) => {
      const sinceMs = Number(since ?? DEFAULT_SINCE_MS);
      const rows = await runStatement(pool, CLIENTS_SINCE, [leastBatchId(Date.now() - sinceMs), limit ?? DEFAULT_LIMIT], settings.statementTimeout);
      const all = rows.reduce((sum, row) => sum + Number(row[2]), 0);
      const clients = rows.map(([client, batches, items, keys]): ClientUse => ({
        client: String(client), batches: Number(batches), items: Number(items), share: all === 0 ? 0 : Number(items) / all, keys: (typeof keys === 'string' ? JSON.parse(keys) : keys) as ClientUse['keys'],
      }));
      return { sinceS: sinceMs / 1_000, clients };
    },
  };
}

/** The least id that a batch of this instant can have: ids are UUIDs of version 7, which begin with their time in ms. */
export function leastBatchId(atMs: number): string {
  const time = Math.max(0, Math.floor(atMs)).toString(16).padStart(TIME_DIGITS, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
