import { childOf, isSampled, newTrace } from '../../shared/tracing/trace-context.ts';
import type { Tracing } from '../../shared/tracing/tracing.ts';
import type { LedgerRow } from './ledger-row.ts';

/** What is told of a send. Times are monotonic ms. */
export interface SendFact {
  sink: string;
  rows: readonly LedgerRow[];
  takenAt: number;
  sentAt: number;
  endedAt: number;
  failed: boolean;
}

/**
 * Tells of a send: in each request's trace its delivery, from the taking of its ledger row to the acknowledgement; and where several share the send,
 * the send itself, linked with all of them.
 */
export function traceSend(tracing: Tracing, { sink, rows, takenAt, sentAt, endedAt, failed }: SendFact): void {
  const sampled = rows.filter(({ trace }) => isSampled(trace));
  if (sampled.length === 0) return;
  const traces = [...new Set(sampled.map(({ trace }) => trace ?? ''))];
  const send = traces.length > 1 ? newTrace() : undefined;
  if (send !== undefined) tracing.span({ name: `send ${sink}`, own: send, kind: 'producer', startedAt: sentAt, endedAt, failed, attributes: { 'sluice.sink': sink, 'sluice.ledger_rows': rows.length }, links: traces });
  for (const { trace, kind, op, batchId, firstIndex, span, at, takenAt: clock } of sampled) {
    tracing.span({
      name: `deliver ${sink}`, own: childOf(trace ?? ''), parent: trace ?? '', kind: 'producer', startedAt: takenAt, endedAt, failed, links: send === undefined ? [] : [send],
      attributes: { 'sluice.sink': sink, 'sluice.kind': kind, 'sluice.op': op, 'sluice.batch_id': batchId, 'sluice.first_index': firstIndex, 'sluice.items': span, 'sluice.ledger_wait_ms': Math.max(0, Math.round(clock - Date.parse(at))) },
    });
  }
}
