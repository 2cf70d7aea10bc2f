import { Batches } from './batches.js';
import { Flow } from './flow.js';
import { Nodes } from './nodes.js';
import { Receipts } from './receipts.js';

/** The component of each view. */
export const PAGES = { flow: Flow, batches: Batches, receipts: Receipts, nodes: Nodes };
