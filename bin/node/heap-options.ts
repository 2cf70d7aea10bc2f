import type { Role } from './roles.ts';

/**
 * What V8 may take for what it has not collected yet. Of a large upload an edge keeps some 50 MB alive, and nearly all it makes
 * is garbage at once; left alone, the young generation grows to 134 MB and the old one to four times what is alive. A heap that
 * may have less than 2 GB is collected at twice of that. With 8 MB in place of 16 an upload was slower by a tenth.
 */
const EDGE = '--max-semi-space-size=16 --max-old-space-size=1950';

/** NODE_OPTIONS of a node of this role; what was given comes last, and so wins. `bin/sluice` and docker-compose.yml say the same. */
export function heapOptions(role: Role, given = ''): string {
  return role === 'edge' ? `${EDGE} ${given}`.trim() : given;
}
