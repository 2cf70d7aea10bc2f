import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Paint } from '../send/summary.ts';
import type { ItemReceipt } from '../../services/gateway/receipts/line-of.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { NoReply, wholeOf } from '../send/http-client.ts';
import { problemOf } from '../send/retry-policy.ts';
import { ndjsonItems } from '../send/ndjson-items.ts';
import { BATCHES, type Asking } from './asking.ts';

const SILENCE_MS = 60_000;

/** The failed items of a batch as Sluice streams them. @throws CliError when there is no such batch, or Sluice does not answer */
async function failedItems(on: Asking, batchId: string, format: 'ndjson' | 'csv'): Promise<AsyncIterable<Buffer>> {
  const answer = await on.http.open({ method: 'GET', path: `${BATCHES}/${encodeURIComponent(batchId)}/items?status=FAILED&format=${format}`, signal: on.signal, silenceMs: SILENCE_MS }).catch((error: unknown) => {
    if (error instanceof NoReply) throw new CliError(`No Sluice answers at ${on.url.href} (${error.message}). \`npm start\` starts one; --url names another.`, EXIT.system, error);
    throw error;
  });
  if (answer.statusCode === 200) return answer as AsyncIterable<Buffer>;
  const reply = await wholeOf(answer);
  throw new CliError(problemOf(reply) || `${on.url.href} answers ${reply.status}.`, reply.status === 404 ? EXIT.failed : reply.status < 500 ? EXIT.usage : EXIT.system);
}

/** Writes the failed items to a file, whole or not at all: CSV if its name ends so, else NDJSON. */
export async function saveErrors(on: Asking, batchId: string, path: string): Promise<void> {
  const items = await failedItems(on, batchId, path.toLowerCase().endsWith('.csv') ? 'csv' : 'ndjson');
  const part = `${path}.part`;
  try {
    await pipeline(items, createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(code === 'ECONNRESET' ? `The answer broke off (${message}); nothing was written.` : `The failed items can't be written to ${path}: ${message}`, code === 'ECONNRESET' ? EXIT.system : EXIT.usage, error);
  }
}

/** Prints the failed items: a line for each error, or with `json` a receipt a line. Memory does not grow with them. */
export async function printErrors(on: Asking, batchId: string, out: NodeJS.WriteStream, json: boolean, paint: Paint): Promise<number> {
  let count = 0;
  try {
    for await (const { text } of ndjsonItems(await failedItems(on, batchId, 'ndjson'))) {
      count++;
      if (!out.write(json ? `${text}\n` : receiptText(JSON.parse(text) as ItemReceipt, paint))) await new Promise((resolve) => out.once('drain', resolve));
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`The answer broke off after ${count} items: ${(error as Error).message}`, EXIT.system, error);
  }
  return count;
}

function receiptText({ index, line, errors = [], withdrawn }: ItemReceipt, paint: Paint): string {
  const place = line === undefined ? `item ${index}` : `line ${line} (item ${index})`;
  return errors.map(({ pointer, code, message }) => `${place}: ${pointer === '' ? '' : `${pointer} `}${paint.red(withdrawn === true ? 'withdrawn' : code)}: ${message}\n`).join('') || `${place}: failed\n`;
}
