/**
 * What V8 may take for what it has not collected yet. Of a large upload an edge keeps some 50 MB alive, and nearly all it makes is
 * garbage at once; left alone, the young generation grows to 134 MB and the old one to four times what is alive. A heap that may
 * have less than 2 GB is collected at twice of that. A relay that delivered a million records had 492 MB resident without it, and
 * 271 with it. With a young generation of 8 MB instead of 16 an upload was slower by a tenth.
 */
const BOUNDS = '--max-semi-space-size=16 --max-old-space-size=1950';

/** NODE_OPTIONS of a node; what was given comes last, and so wins. `bin/sluice` and docker-compose.yml say the same. */
export function heapOptions(given = ''): string {
  return `${BOUNDS} ${given}`.trim();
}
