import { isVersion, RowDelivery, type DeliveryFacts, type RecordFacts } from './build-delivery.ts';
import type { BatchFact, ChangeFact, LedgerFact, LetterFact } from './facts.ts';
import type { Change, Delivery, Receipt } from './receipt.ts';

/** Later versions that one receipt tells. */
export const MOST_CHANGES = 50;

/** Of a large batch, beyond the bound on its texts. */
const TEXT_NOT_KEPT = 'The reason in words was not kept: too many items of the batch failed.';
const WITHDRAWN = { pointer: '', code: 'withdrawn', message: 'Not written, and never will be by this request. Safe to send again.' };

/** A slice: its rows of all sinks, which tell the same of its items. */
export type SliceRows = readonly [LedgerFact, ...LedgerFact[]];

/** What is needed beside a slice's own rows to tell where its records are; by record id. */
export interface Details extends DeliveryFacts {
  changes: ReadonlyMap<number, readonly ChangeFact[]>;
  letters: ReadonlyMap<number, readonly LetterFact[]>;
}

/** An item that the ledger lacks: of a closed batch it was withdrawn for good, of an open one it is pending. */
export function receiptOfGap(batch: BatchFact, index: number): Receipt {
  return batch.closed ? { index, status: 'FAILED', errors: [WITHDRAWN], withdrawn: true, ...commonOf(batch) } : { index, status: 'PENDING', ...commonOf(batch) };
}

/** Makes the receipts of one slice's items. */
export class SliceReceipts {
  readonly #batch: BatchFact;
  readonly #rows: SliceRows;
  readonly #rejects: Map<number, LedgerFact['rejects']>;
  readonly #details: Details;
  readonly #deliveries: RowDelivery[];

  constructor(batch: BatchFact, rows: SliceRows, details: Details) {
    const [first] = rows;
    this.#batch = batch;
    this.#rows = rows;
    this.#details = details;
    this.#rejects = Map.groupBy(first.rejects, (reject) => reject[0]);
    const isRejected = (id: number) => this.#rejects.has(first.firstIndex + id - first.firstId);
    this.#deliveries = owed(rows).map((row) => new RowDelivery(row, isRejected, details));
  }

  statusOf(index: number): 'SUCCESS' | 'FAILED' {
    return this.#rejects.has(index) ? 'FAILED' : 'SUCCESS';
  }

  of(index: number): Receipt {
    const [first] = this.#rows;
    const rejects = this.#rejects.get(index);
    const common = commonOf(this.#batch);
    if (rejects !== undefined) return { index, status: 'FAILED', errors: rejects.map(([, code, pointer, message]) => ({ pointer, code, message: message === '' ? TEXT_NOT_KEPT : message })), ...common };
    const id = first.firstId + index - first.firstIndex;
    const record: RecordFacts = { changes: this.#details.changes.get(id) ?? [], letters: this.#details.letters.get(id) ?? [] };
    const later = record.changes.filter((c) => isVersion(c) && c.version > first.version);
    const byVersion = [...Map.groupBy(later, (c) => c.version).values()];
    return {
      index, status: 'SUCCESS', id, ...common,
      written: { op: first.op, version: first.version, at: first.at, node: first.node, slice: { firstIndex: first.firstIndex, span: first.span } },
      delivery: this.#deliveries.map((delivery) => delivery.of(id, record, record.changes)),
      changes: byVersion.slice(0, MOST_CHANGES).map((rows) => this.#changeOf(rows as [ChangeFact, ...ChangeFact[]], id, record)),
      ...(byVersion.length > MOST_CHANGES ? { moreChanges: true } : {}),
    };
  }

  #changeOf(rows: [ChangeFact, ...ChangeFact[]], id: number, record: RecordFacts): Change {
    const [{ version, batchId, clientReference, at, node }] = rows;
    const earlier: LedgerFact[] = [...this.#rows, ...record.changes];
    const delivery = owed(rows).map((row): Delivery => new RowDelivery(row, () => false, this.#details).of(id, record, earlier));
    return { version, batchId, clientReference, at, node, delivery };
  }
}

/** The rows that a sink is owed. */
function owed<Row extends LedgerFact>(rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.sink !== '' && row.written > 0);
}

function commonOf({ id, kind, clientReference, receivedAt }: BatchFact): Pick<Receipt, 'batchId' | 'kind' | 'clientReference' | 'acceptedAt'> {
  return { batchId: id, kind, clientReference, acceptedAt: receivedAt };
}
