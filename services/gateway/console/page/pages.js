import { Flow } from './flow.js';
import { Nodes } from './nodes.js';

/** The component of each view. */
export const PAGES = { flow: Flow, nodes: Nodes };
