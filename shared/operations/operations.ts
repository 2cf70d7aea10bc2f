import { BACKLOG_OPERATIONS } from './backlog.ts';
import { BREAKERS_OPERATIONS } from './breakers.ts';
import { CLIENTS_OPERATIONS } from './clients.ts';
import { NODES_OPERATIONS } from './nodes.ts';
import type { Operation } from './operation.ts';
import { ORDERS_OPERATIONS } from './orders.ts';
import { POOLS_OPERATIONS } from './pools.ts';
import { QUEUES_OPERATIONS } from './queues.ts';
import { SETTINGS_OPERATIONS } from './settings.ts';
import { SHARDS_OPERATIONS } from './shards.ts';

const ALL = [...SETTINGS_OPERATIONS, ...NODES_OPERATIONS, ...POOLS_OPERATIONS, ...ORDERS_OPERATIONS, ...CLIENTS_OPERATIONS, ...BREAKERS_OPERATIONS, ...SHARDS_OPERATIONS, ...QUEUES_OPERATIONS, ...BACKLOG_OPERATIONS] as const;

/** The name of an operation. */
export type OperationName = (typeof ALL)[number]['name'];

/** Every operation; fixed paths before those with a parameter in the same place. */
export const OPERATIONS: readonly (Operation & { name: OperationName })[] = ALL;

/** Whether a name is that of an operation. */
export function isOperation(name: string): name is OperationName {
  return OPERATIONS.some((operation) => operation.name === name);
}
