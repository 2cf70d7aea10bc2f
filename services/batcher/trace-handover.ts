import { childOf, isSampled, newTrace, traceIdOf } from '../../shared/tracing/trace-context.ts';
import type { Tracing } from '../../shared/tracing/tracing.ts';
import type { Entry } from './queue.ts';

/**
 * Tells how long each request of a chunk waited, and names the flush that it goes into: in the trace of the request where it is alone, in one
 * of its own where several share it; then each request's waiting is linked with it.
 * @returns the flush's traceparent, for the writer; undefined where none of the requests is recorded
 */
export function traceHandover(tracing: Tracing, entries: readonly Pick<Entry, 'slices' | 'items' | 'enqueuedAt' | 'handedOverAt' | 'requestId'>[], now: number): string | undefined {
  const traces = entries.map(({ slices }) => slices[0]?.trace ?? '');
  const sampled = traces.filter(isSampled);
  const [first] = sampled;
  if (first === undefined) return undefined;
  const alone = traces.every((trace) => trace === first);
  const flush = alone ? childOf(first) : newTrace();
  for (const [i, { items, enqueuedAt, handedOverAt, requestId }] of entries.entries()) {
    const trace = traces[i] ?? '';
    if (!isSampled(trace)) continue;
    tracing.span({
      name: 'queue', own: childOf(trace), parent: trace, kind: 'internal', startedAt: enqueuedAt, endedAt: handedOverAt ?? now,
      attributes: { 'sluice.items': items, 'sluice.request_id': requestId }, links: traceIdOf(trace) === traceIdOf(flush) ? [] : [flush],
    });
  }
  return flush;
}
