import type { Command } from 'commander';
import pc from 'picocolors';
import type { Receipt } from '../../services/gateway/receipts/receipt.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { ask, operatorName } from '../dlq/ask.ts';
import { timeLine } from '../receipt/time-line.ts';
import { urlOption } from '../url-option.ts';
import { keyOption } from '../access-key.ts';

interface ReceiptOptions {
  url: URL;
  batch?: string;
  index?: string;
  record?: string;
  kind?: string;
  reference?: string;
  json?: boolean;
}

interface Page {
  content: Receipt[];
  next: string | null;
}

const DETAILS = `
Tells all that is known of an item: when it was accepted, why it was rejected or withdrawn, when and by which node it was
written, each later change, and for each sink where its message lies, or why it waits, or what it was refused for.

Exit code: 0 told, 1 there is no such item, 2 wrong arguments, 3 Sluice could not be reached or failed.

Examples:
  $ sluice receipt --batch 019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001 --index 17
  $ sluice receipt --record 20481
  $ sluice receipt --reference "run 7"                   every item that came with it
  $ sluice receipt --batch 019a9f2c-... --json | jq -r 'select(.status == "FAILED") | .index'
`;
const PAGE = 500;

/** Adds `sluice receipt`. */
export function register(program: Command): void {
  program
    .command('receipt')
    .description('the whole way of an item: accepted, written, changed, delivered, or why not')
    .addOption(urlOption()).addOption(keyOption())
    .option('--batch <id>', 'all items of this batch')
    .option('--index <n>', 'with --batch: this item alone, counted from 0')
    .option('--record <id>', 'the record with this id')
    .option('--kind <name>', 'with --record: its kind (default: execution)')
    .option('--reference <text>', 'all that came with this client reference')
    .option('--json', 'a receipt a line, as JSON')
    .addHelpText('after', DETAILS)
    .action(tell);
}

async function tell(options: ReceiptOptions): Promise<void> {
  const query = queryOf(options);
  const asker = { url: options.url, operator: operatorName() };
  for (let next: string | null | undefined; next !== null; ) {
    if (next !== undefined) query.set('cursor', next);
    const page: Page = await ask<Page>(asker, 'GET', `/api/v1/receipts?${query.toString()}`);
    const text = page.content.map((receipt) => (options.json === true ? `${JSON.stringify(receipt)}\n` : timeLine(receipt, pc))).join(options.json === true ? '' : '\n');
    // A slow reader slows the asking down: what is not read yet is not asked for.
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    next = page.next;
    if (next !== null && options.json !== true) process.stdout.write('\n');
  }
}

/** @throws CliError unless there is exactly one selector, with what belongs to it */
function queryOf({ batch, index, record, kind, reference }: ReceiptOptions): URLSearchParams {
  const selectors = [batch, record, reference].filter((selector) => selector !== undefined);
  if (selectors.length !== 1) throw new CliError('Give exactly one of --batch, --record, --reference.', EXIT.usage);
  if (index !== undefined && batch === undefined) throw new CliError('--index goes with --batch.', EXIT.usage);
  if (kind !== undefined && record === undefined) throw new CliError('--kind goes with --record.', EXIT.usage);
  const given = { batchId: batch, index, recordId: record, kind, clientReference: reference };
  const query = new URLSearchParams(Object.entries(given).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])));
  if (record === undefined && index === undefined) query.set('limit', String(PAGE));
  return query;
}
