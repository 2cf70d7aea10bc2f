import type { OperationName } from '../../shared/operations/operations.ts';
import type { Paint } from '../send/summary.ts';
import { BACKLOG_TEXTS } from './texts-backlog.ts';
import { BREAKERS_TEXTS } from './texts-breakers.ts';
import { CLIENTS_TEXTS } from './texts-clients.ts';
import { NODES_TEXTS } from './texts-nodes.ts';
import { ORDERS_TEXTS } from './texts-orders.ts';
import { POOLS_TEXTS } from './texts-pools.ts';
import { QUEUES_TEXTS } from './texts-queues.ts';
import { SETTINGS_TEXTS } from './texts-settings.ts';
import { SHARDS_TEXTS } from './texts-shards.ts';

/** The answer of each operation as a terminal shows it. */
export const TEXTS: { [N in OperationName]: (answer: never, paint: Paint) => string } = { ...SETTINGS_TEXTS, ...NODES_TEXTS, ...POOLS_TEXTS, ...ORDERS_TEXTS, ...CLIENTS_TEXTS, ...BREAKERS_TEXTS, ...SHARDS_TEXTS, ...QUEUES_TEXTS, ...BACKLOG_TEXTS };
