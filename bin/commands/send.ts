import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { CliError, EXIT, type ExitCode } from '../cli-error.ts';
import { batchesOf } from '../send/batches.ts';
import { HttpClient } from '../send/http-client.ts';
import { openInput } from '../send/open-input.ts';
import { startProgress } from '../send/progress.ts';
import { FORMATS, formatOf, readItems, type Format } from '../send/read-items.ts';
import type { Sender } from '../send/send-batch.ts';
import { sendItems } from '../send/send-items.ts';
import { summarize, summaryText, type Summary } from '../send/summary.ts';
import { Tally } from '../send/tally.ts';
import { urlOption } from '../url-option.ts';
import { keyOption, KEY_HINT } from '../access-key.ts';

interface SendOptions {
  url: URL;
  kind: string;
  format?: Format;
  batch: number;
  inFlight: number;
  retries: number;
  timeout: number;
  keyPrefix?: string;
  keys: boolean;
  minimal: boolean;
  numeric?: string;
  failed?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Columns of a CSV that hold numbers, by kind; other kinds say theirs with --numeric. */
const NUMERIC: Record<string, string[]> = {
  executions: ['quantity', 'limitPrice', 'tradeServiceExecutionId', 'quantityFilled', 'averagePrice', 'version'],
};

const DETAILS = `
The input is JSON (an array, or an object with one), NDJSON or CSV, any of them gzipped; it is streamed, whatever its
size. Every request carries an Idempotency-Key, so nothing is written twice, whatever has to be tried again; a run that
broke off goes on with the same command and its --key-prefix.

Exit code: 0 all items written, 1 some failed, 2 wrong arguments or input, 3 Sluice could not be reached or failed.

Examples:
  $ sluice send examples/executions.ndjson
  $ sluice send today.csv --failed wrong.ndjson
  $ zcat big.json.gz | sluice send - --format json --batch 2000 --in-flight 8
  $ sluice send today.csv --url http://10.0.0.5:8080 --json | jq .failedByCode
`;

/** Adds `sluice send`. */
export function register(program: Command): void {
  program
    .command('send')
    .description('send a file of records to a running Sluice and tell what became of each')
    .argument('<file>', 'JSON, NDJSON or CSV; - is standard input')
    .addOption(urlOption()).addOption(keyOption())
    .addOption(new Option('--kind <collection>', 'kind of record, by its name in REST').default('executions').argParser(collectionOf))
    .addOption(new Option('--format <format>', 'format of the input (default: by its name or content)').choices(FORMATS))
    .option('--batch <items>', 'items in one request', wholeNumber(1, 100_000), 500)
    .option('--in-flight <requests>', 'requests at the same time', wholeNumber(1, 256), 4)
    .option('--retries <times>', 'tries after the first, for each request', wholeNumber(0, 1_000), 10)
    .option('--timeout <seconds>', 'longest wait for an answer', wholeNumber(1, 3_600), 35)
    .addOption(new Option('--key-prefix <text>', 'begin Idempotency-Keys with this (default: a new one each run)').argParser(keyPrefixOf))
    .option('--no-keys', 'send no Idempotency-Keys; then a timeout ends the run')
    .option('--minimal', 'ask for ids alone, not for the stored records', true)
    .option('--no-minimal', 'ask for the stored records')
    .option('--numeric <columns>', 'columns of a CSV that hold numbers, comma separated')
    .option('--failed <file>', 'write failed items and their reasons to this file, as NDJSON')
    .option('--json', 'print the summary as JSON')
    .option('--quiet', 'no progress; only the summary, or with --json that alone')
    .addHelpText('after', DETAILS)
    .action(async (file: string, options: SendOptions) => {
      process.exitCode = await send(file, options);
    });
}

async function send(file: string, options: SendOptions): Promise<ExitCode> {
  const input = await openInput(file, process.stdin);
  const format = options.format ?? formatOf(file, input.head);
  const numeric = new Set(options.numeric?.split(',').map((c) => c.trim()) ?? NUMERIC[options.kind] ?? []);
  const keyPrefix = options.keyPrefix ?? `send-${randomUUID()}`;
  const tally = new Tally(options.failed);
  const http = new HttpClient(options.url, options.inFlight);
  const giveUp = new AbortController();
  const now = () => performance.now();
  const interrupt = onInterrupt(giveUp);
  const progress = startProgress(tally, input, process.stderr, options.quiet === true, now);
  const sender: Sender = {
    http, collection: options.kind, minimal: options.minimal, keyed: options.keys, retries: options.retries,
    timeoutMs: options.timeout * 1000, random: Math.random, signal: giveUp.signal, answered: false,
    onRetry: (why, afterMs) => {
      tally.retries++;
      progress.note(pc.yellow(`${why}; again in ${(afterMs / 1000).toFixed(1)} s`));
    },
  };
  const begun = now();
  const failure = await sendItems({
    batches: batchesOf(readItems(input, format, options.kind, numeric), options.batch),
    inFlight: options.inFlight, keyPrefix, sender, giveUp, stopped: () => interrupt.happened, tally, now,
  });
  progress.stop();
  http.close();
  interrupt.off();
  const summary = summarize(tally, { url: options.url.href, input: input.name, keyPrefix: options.keys ? keyPrefix : null, error: failure?.message ?? null }, now() - begun);
  print(summary, options);
  await tally.close();
  if (interrupt.happened) throw new CliError(`Stopped.${goOn(summary, file, options)}`, EXIT.interrupted, failure);
  if (failure !== undefined) throw told(failure, summary, sender, file, options);
  return tally.unknown > 0 ? EXIT.system : tally.failed > 0 ? EXIT.failed : EXIT.ok;
}

function print(summary: Summary, options: SendOptions): void {
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (summary.items > 0 || summary.error === null) process.stdout.write(summaryText(summary, pc));
}

/** The error that ended the run, with what to do now. */
function told(failure: CliError, summary: Summary, sender: Sender, file: string, options: SendOptions): CliError {
  if (failure.exitCode !== EXIT.system) return failure;
  if (!sender.answered) return new CliError(`No Sluice answers at ${options.url.href} (${failure.message}). \`npm start\` starts one; --url names another.`, EXIT.system, failure);
  return new CliError(`${failure.message.replace(/\.$/, '')}.${failure.message.startsWith('401') ? ` ${KEY_HINT}` : ''}${goOn(summary, file, options)}`, EXIT.system, failure);
}

/** The command that goes on with a run: what was written before is answered again, not written again. */
function goOn(summary: Summary, file: string, options: SendOptions): string {
  if (summary.keyPrefix === null || file === '-') return '';
  return ` To go on where it stopped: sluice send ${file} --url ${options.url.href} --batch ${options.batch} --key-prefix ${summary.keyPrefix}`;
}

/** The first Ctrl-C takes no more input and finishes what is in flight; a second one ends at once. */
function onInterrupt(giveUp: AbortController): { readonly happened: boolean; off: () => void } {
  const state = { happened: false, off: () => process.off('SIGINT', handler) };
  const handler = () => {
    if (state.happened) process.exit(EXIT.interrupted);
    state.happened = true;
    giveUp.abort();
    process.stderr.write('\nfinishing what is in flight; Ctrl-C again ends at once\n');
  };
  process.on('SIGINT', handler);
  return state;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}

function collectionOf(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(text)) throw new InvalidArgumentError('It must be a name such as executions.');
  return text;
}

/** A key has at most 255 characters, and the batch's number comes behind the prefix. */
function keyPrefixOf(text: string): string {
  if (!/^[\x21-\x7e]{1,200}$/.test(text)) throw new InvalidArgumentError('It must be 1 to 200 visible ASCII characters.');
  return text;
}
