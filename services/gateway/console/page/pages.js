import { Batches } from './batches.js';
import { Clients } from './clients.js';
import { Flow } from './flow.js';
import { Letters } from './letters.js';
import { Nodes } from './nodes.js';
import { Orders } from './orders.js';
import { Pools } from './pools.js';
import { Receipts } from './receipts.js';
import { Settings } from './settings.js';

/** The component of each view. */
export const PAGES = { flow: Flow, batches: Batches, receipts: Receipts, letters: Letters, orders: Orders, pools: Pools, nodes: Nodes, clients: Clients, settings: Settings };
