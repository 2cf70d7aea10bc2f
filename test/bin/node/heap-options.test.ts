import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { heapOptions } from '../../../bin/node/heap-options.ts';

/** MB that the heap of a process with these options may have. */
const limitWith = (options: string) => Number(execFileSync(process.execPath, ['-p', 'v8.getHeapStatistics().heap_size_limit'], { env: { PATH: process.env.PATH, NODE_OPTIONS: options }, encoding: 'utf8' })) / 1_048_576;

test('a node has a bounded heap; what the operator says wins', () => {
  const bounded = limitWith(heapOptions());
  expect(bounded).toBeGreaterThanOrEqual(1_950);
  expect(bounded).toBeLessThan(2_048);
  expect(limitWith(heapOptions('--max-old-space-size=3000'))).toBeGreaterThan(3_000);
});

test.each(['bin/sluice', 'docker-compose.yml'])('%s starts nodes with the same options', (file) => {
  expect(readFileSync(file, 'utf8')).toContain(heapOptions());
});
