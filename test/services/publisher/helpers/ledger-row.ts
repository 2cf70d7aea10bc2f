import type { LedgerRow } from '../../../../services/publisher/ledger-row.ts';

/** A ledger row of one record in shard 0, never tried; `over` wins. */
export function ledgerRow(over: Partial<LedgerRow> & { id: number }): LedgerRow {
  return {
    batchId: `batch-${over.id}`, firstIndex: 0, op: 'insert', kind: 'execution', shard: 0, firstId: 1, span: 1, version: 1,
    acks: null, attempts: 0, tries: null, waitMs: 0, trace: null, at: '2026-11-22T10:00:00.000Z', takenAt: Date.UTC(2026, 10, 22, 10), settled: 0, key: null, event: null, ...over,
  };
}
