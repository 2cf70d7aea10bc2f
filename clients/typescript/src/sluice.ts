import { Batches, type Receipt } from './batches.ts';
import { Http, type SluiceOptions } from './http.ts';
import { Executions, Orders } from './records.ts';

/** Which receipts: those of a batch, of one of its items, of a record, or of all that came with a client reference. */
export type ReceiptsOf = { batchId: string; index?: number } | { recordId: number; kind?: string } | { clientReference: string };

/** A Sluice, as its clients use it. Holds no connection and no state: one for a whole program is fine. */
export class Sluice {
  readonly executions: Executions;
  readonly orders: Orders;
  readonly batches: Batches;
  readonly #http: Http;

  constructor(options: SluiceOptions) {
    this.#http = new Http(options);
    this.executions = new Executions(this.#http);
    this.orders = new Orders(this.#http);
    this.batches = new Batches(this.#http);
  }

  /** The whole way of each item, one after the other, page by page. @throws SluiceError 404 where there is no such thing */
  async *receipts(of: ReceiptsOf, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Receipt> {
    for (let cursor: string | undefined; ; ) {
      const { body } = await this.#http.ask<{ content: Receipt[]; next: string | null }>({ path: '/api/v1/receipts', query: { ...of, cursor }, signal });
      yield* body.content;
      if (body.next === null) return;
      cursor = body.next;
    }
  }
}
