import type { OperationName } from '../../shared/operations/operations.ts';
import type { Paint } from '../send/summary.ts';
import { CLIENTS_TEXTS } from './texts-clients.ts';
import { NODES_TEXTS } from './texts-nodes.ts';
import { ORDERS_TEXTS } from './texts-orders.ts';
import { POOLS_TEXTS } from './texts-pools.ts';
import { SETTINGS_TEXTS } from './texts-settings.ts';

/** The answer of each operation as a terminal shows it. */
export const TEXTS: { [N in OperationName]: (answer: never, paint: Paint) => string } = { ...SETTINGS_TEXTS, ...NODES_TEXTS, ...POOLS_TEXTS, ...ORDERS_TEXTS, ...CLIENTS_TEXTS };
