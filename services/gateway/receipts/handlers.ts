import { Readable } from 'node:stream';
import { BATCH_HEAD, BATCHES_OF_REFERENCE, ITEM_OF_RECORD } from '../../../shared/db/queries/receipts.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { sees } from '../../../shared/access/caller.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, type UnknownQuery } from '../http/parameters.ts';
import { asLines } from './as-lines.ts';
import { batchFact, type BatchFact } from './facts.ts';
import { DEFAULT_LIMIT, parseReceiptQuery, type Cursor, type Selector } from './parse-query.ts';
import { receiptsOf, type ReceiptTools } from './read-receipts.ts';
import type { Receipt } from './receipt.ts';

/** Whether the caller may see a batch. */
type Visible = (batch: BatchFact) => boolean;

const NDJSON = 'application/x-ndjson';
/** Batches of one reference that are looked for at a time. */
const BATCHES_A_PAGE = 50;

/** GET of receipts: a page as JSON, or all of them as NDJSON where that is what the client accepts. */
export async function receipts(tools: ReceiptTools, kinds: readonly string[], unknown: UnknownQuery, call: Call): Promise<Answer> {
  const query = parseReceiptQuery(call.url, kinds, unknown);
  const mine = sees(call.caller);
  const headers = { ...ignoredHeader(query.ignored), Vary: 'Accept' };
  const found = await select(tools, query.selector, query.cursor, (batch) => mine === null || batch.client === mine);
  if (acceptsLines(call.req.headers.accept)) {
    const lines = asLines(query.limit === undefined ? found : firstOf(found, query.limit));
    return { status: 200, headers, contentType: `${NDJSON}; charset=utf-8`, body: Readable.from(lines) };
  }
  const limit = query.limit ?? DEFAULT_LIMIT;
  const content: Receipt[] = [];
  for await (const receipt of firstOf(found, limit + 1)) content.push(receipt);
  const beyond = content.length > limit ? content.pop() : undefined;
  return { status: 200, headers, body: JSON.stringify({ content, next: beyond === undefined ? null : `${beyond.batchId}.${beyond.index}` }) };
}

/** @throws ProblemError 404 where there is no such batch, item, record or reference */
async function select(tools: ReceiptTools, selector: Selector, cursor: Cursor | undefined, visible: Visible): Promise<AsyncGenerator<Receipt>> {
  switch (selector.by) {
    case 'batch':
      return receiptsOf(tools, await headOf(tools, selector.batchId, visible), { from: cursor?.index ?? 0, to: Infinity });
    case 'item':
      return itemOf(tools, await headOf(tools, selector.batchId, visible), selector.index);
    case 'record': {
      const [item] = await tools.run(ITEM_OF_RECORD, [selector.kind, selector.recordId]);
      const missing = notFound('No such record', `No ${selector.kind} with the id ${selector.recordId} was ever written.`);
      if (item === undefined) throw missing;
      const [batch] = await tools.run(BATCH_HEAD, [item[0]]);
      if (batch === undefined || !visible(batchFact(batch))) throw missing;
      const receipt = await itemOf(tools, batchFact(batch), Number(item[1]));
      // Ids of rejected items are never used: they name nothing.
      const first = await receipt.next();
      if (first.done === true || first.value.status !== 'SUCCESS') throw missing;
      return only(first.value);
    }
    case 'reference': {
      const first = await batchesOf(tools, selector.reference, cursor?.batchId ?? null);
      if (!first.some(visible)) throw notFound('No such reference', 'No batch came with this client reference, or none behind this cursor.');
      return ofBatches(tools, selector.reference, first, cursor, visible);
    }
  }
}

async function headOf(tools: ReceiptTools, batchId: string, visible: Visible): Promise<BatchFact> {
  const [head] = await tools.run(BATCH_HEAD, [batchId]);
  const missing = notFound('No such batch', 'There is no batch with this id, or nothing of it was ever recorded.');
  if (head === undefined) throw missing;
  const batch = batchFact(head);
  if (!visible(batch)) throw missing;
  return batch;
}

async function itemOf(tools: ReceiptTools, batch: BatchFact, index: number): Promise<AsyncGenerator<Receipt>> {
  const first = await receiptsOf(tools, batch, { from: index, to: index + 1 }).next();
  if (first.done !== true) return only(first.value);
  const count = batch.large && !batch.closed ? 'It is a large batch that is still taken in; nothing of it was written at this index yet.' : `It has ${batch.requested} item(s), counted from 0.`;
  throw notFound('No such item', `The batch has no item at index ${index}. ${count}`);
}

async function batchesOf(tools: ReceiptTools, reference: string, from: string | null): Promise<BatchFact[]> {
  return (await tools.run(BATCHES_OF_REFERENCE, [reference, from, BATCHES_A_PAGE])).map(batchFact);
}

async function* ofBatches(tools: ReceiptTools, reference: string, first: readonly BatchFact[], cursor: Cursor | undefined, visible: Visible): AsyncGenerator<Receipt> {
  let told: string | undefined;
  for (let page = first; ; page = await batchesOf(tools, reference, told ?? null)) {
    // A page begins with the batch that was told last.
    for (const batch of page.filter((b) => b.id !== told && visible(b))) yield* receiptsOf(tools, batch, { from: batch.id === cursor?.batchId ? cursor.index : 0, to: Infinity });
    told = page.at(-1)?.id;
    if (page.length < BATCHES_A_PAGE) return;
  }
}

async function* only(receipt: Receipt): AsyncGenerator<Receipt> {
  yield receipt;
}

async function* firstOf(list: AsyncGenerator<Receipt>, most: number): AsyncGenerator<Receipt> {
  let count = 0;
  for await (const receipt of list) {
    yield receipt;
    if (++count >= most) return;
  }
}

function acceptsLines(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((part) => part.split(';')[0]?.trim().toLowerCase() === NDJSON);
}

function notFound(title: string, detail: string): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title, detail });
}
