import type { Chunk, SliceOutcome } from '../../shared/contracts/slices.ts';
import { isSampled, traceIdOf } from '../../shared/tracing/trace-context.ts';
import type { Tracing } from '../../shared/tracing/tracing.ts';

/** Tells of a flush, under the name that its edge gave it: beneath the one request that it is for, or linked with all of them. */
export function traceFlush(tracing: Tracing, own: string, chunk: Chunk, startedAt: number, endedAt: number, outcomes: readonly SliceOutcome[] | undefined): void {
  const requests = [...new Set(chunk.slices.map(({ trace }) => trace).filter(isSampled))];
  const parent = requests.find((trace) => traceIdOf(trace) === traceIdOf(own));
  tracing.span({
    name: 'flush', own, ...(parent === undefined ? { links: requests } : { parent }), kind: 'internal', startedAt, endedAt, failed: outcomes === undefined,
    attributes: { 'sluice.kind': chunk.kind, 'sluice.rows': chunk.sliceOf.length, 'sluice.slices': chunk.slices.length, ...(outcomes === undefined ? {} : { 'sluice.repeats': outcomes.filter(({ outcome }) => outcome === 'repeat').length }) },
  });
}
