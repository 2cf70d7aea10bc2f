import { InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import type { BatchPage } from '../../services/gateway/batches/list-batches.ts';
import type { Retried, RetryPlan } from '../../services/gateway/batches/retry-batch.ts';
import type { Tuned } from '../../services/gateway/batches/tune-batch.ts';
import { COMMANDS, type BatchCommand, type BatchState } from '../../shared/batches/states.ts';
import { LANE_NAMES } from '../../shared/contracts/large.ts';
import { asker, asking, BATCHES, type Asking, type Status } from '../batch/asking.ts';
import { display } from '../batch/display.ts';
import { printErrors, saveErrors } from '../batch/errors.ts';
import { leaving } from '../batch/leaving.ts';
import { preview, previewText, steerable } from '../batch/preview.ts';
import { detached, submit, urlArgument } from '../batch/submit.ts';
import { exitCodeOf, listText, statusText } from '../batch/texts.ts';
import { ENCODINGS, FORMATS } from '../batch/upload-source.ts';
import { watchBatch } from '../batch/watch.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { ask, withQuery } from '../dlq/ask.ts';
import { urlOption } from '../url-option.ts';
import { keyOption } from '../access-key.ts';

const DETAILS = `
A large batch is uploaded as one stream, a JSON object a line, also compressed (.gz, .zst), and written as it comes. It can be watched,
paused, broken off and gone on with; every item has a receipt. See docs/large-batches.md.

Exit code: 0 all written, or done as asked; 1 some items failed, or it is not possible (no such batch, not in this state); 2 wrong
arguments or input; 3 could not be done: Sluice could not be reached, or the batch failed or was cancelled; 130 left by Ctrl-C.

Examples:
  $ sluice batch submit today.ndjson                       upload, watch, tell what became of it
  $ sluice batch submit today.ndjson --idempotency-key today           go on where it broke off: the same command again
  $ some-export | sluice batch submit - --priority high
  $ id=$(sluice batch submit night.ndjson.zst --priority low --error-policy 5% --detach)
  $ sluice batch list --state RECEIVING,RUNNING,PAUSED     what is going on
  $ sluice batch watch $id                                 attach; Ctrl-C detaches
  $ sluice batch pause $id                                 and resume, cancel, start; --dry-run tells what it would do
  $ sluice batch tune $id --priority high --parallelism 8
  $ sluice batch errors $id --output wrong.csv             what to mend, with lines and reasons
`;

interface Common {
  url: URL;
  json?: boolean;
}

const DRY_RUN = ['--dry-run', 'only tell what it would do'] as const;
const DONE: Record<BatchCommand, string> = { start: 'carry out a batch that waits for its start', pause: 'take nothing more in until it is resumed', resume: 'go on with a paused batch', cancel: 'end it; what was written stands' };

/** Adds `sluice batch` and its subcommands. */
export function register(program: Command): void {
  const batch = program.command('batch').description('large batches: submit, watch, steer, mend').addHelpText('after', DETAILS);
  common(batch.command('submit').description('upload a file as one large batch, and watch it').argument('<file>', '- is standard input'))
    .addOption(new Option('--kind <collection>', 'kind of record, by its name in REST').default('executions').argParser(collectionOf))
    .addOption(new Option('--format <format>', 'format of the input (default: by its name, else ndjson)').choices(FORMATS))
    .addOption(new Option('--encoding <coding>', 'how it is compressed (default: by .gz or .zst)').choices(ENCODINGS))
    .addOption(new Option('--priority <lane>', 'default: normal').choices(LANE_NAMES))
    .option('--parallelism <number>', 'parts under way at the same time (default: the setting PARALLELISM)')
    .option('--checkpoint-interval <items>', 'items from one checkpoint to the next (default: the setting CHECKPOINT_INTERVAL)')
    .option('--no-checkpointing', 'a checkpoint only where it ends or breaks off')
    .option('--error-policy <policy>', 'continue, stop at the first failed item, or fail beyond a share such as 5% (default: continue)')
    .option('--deadline <time>', 'such as 90s, 30m or 4h (default: the setting LARGE_DEADLINE)')
    .option('--retry-attempts <number>', 'tries after the first for an item of a kind that is carried out (default: 3)')
    .option('--tags <names>', 'with commas between')
    .option('--start-manual', 'keep it until `sluice batch start`')
    .addOption(new Option('--idempotency-key <text>', 'its name: the same again goes on, and writes nothing twice (default: a new one)').argParser(keyOf))
    .option('--reference <text>', 'your own name for it, found by `sluice receipt --reference`')
    .option('--detach', 'print its id, upload, and do not wait for more')
    .option('--quiet', 'no progress')
    .action(submit);
  common(batch.command('list').description('large batches, newest first'))
    .option('--state <states>', 'with commas between, such as RECEIVING,RUNNING').option('--kind <kinds>', 'with commas between').option('--tag <tags>', 'with one of these')
    .option('--since <time>', 'opened then or later').option('--idempotency-key <text>', 'opened under this one')
    .option('--limit <number>', 'at most so many (default: 50)').option('--cursor <id>', 'go on behind this one')
    .action(async ({ url, json, key: _, idempotencyKey: key, ...query }: Common & Record<string, string>) => print(json === undefined ? {} : { json }, await ask<BatchPage>(asker({ url }), 'GET', withQuery(BATCHES, { ...query, key })), listText));
  one(batch.command('show').description('all that is known of one')).action(async (id: string, o: Common) => print(o, await statusOf(o, id), statusText));
  one(batch.command('watch').description('stay with one until it has ended; Ctrl-C detaches')).option('--quiet', 'no progress').action(watch);
  for (const command of COMMANDS) {
    one(batch.command(command).description(DONE[command])).option(...DRY_RUN)
      .action(async (id: string, o: Common & { dryRun?: boolean }) => o.dryRun === true ? print(o, preview(command, await statusOf(o, id)), (p) => previewText(command, p)) : print(o, await ask<{ batchId: string; state: BatchState }>(asker(o), 'POST', `${BATCHES}/${id}/${command}`), ({ batchId, state }) => `Batch ${batchId} is ${state}.\n`));
  }
  one(batch.command('tune').description('change priority or parallelism while it runs'))
    .addOption(new Option('--priority <lane>').choices(LANE_NAMES)).addOption(new Option('--parallelism <number>').argParser(wholeOf)).option(...DRY_RUN).action(tune);
  one(batch.command('retry').description('carry out its failed items again, as a new batch')).option('--watch', 'stay with the new one').option(...DRY_RUN).action(retry);
  one(batch.command('errors').description('its failed items, with lines and reasons')).option('--output <file>', 'write them to this file: CSV if its name ends in .csv, else NDJSON').action(errors);
}

async function statusOf(o: Common, id: string): Promise<Status> {
  return ask<Status>(asker(o), 'GET', `${BATCHES}/${id}`);
}

async function watch(id: string, o: Common & { quiet?: boolean }): Promise<void> {
  await statusOf(o, id); // an id that is none is told at once
  await staying(o, async (on) => {
    const shown = display(process.stderr, o.quiet === true, () => performance.now());
    const noting: Asking = { ...on, onRetry: (why, afterMs) => shown.note(pc.yellow(`${why}; again in ${(afterMs / 1_000).toFixed(1)} s`)) };
    const last = await watchBatch(noting, id, shown).finally(() => shown.stop());
    if (last === undefined) throw detached(id, o.url);
    print(o, last, statusText);
    process.exitCode = exitCodeOf(last);
  });
}

async function tune(id: string, o: Common & { priority?: string; parallelism?: number; dryRun?: boolean }): Promise<void> {
  if (o.priority === undefined && o.parallelism === undefined) throw new CliError('What is to be changed? Give --priority, --parallelism, or both.', EXIT.usage);
  if (o.dryRun === true) {
    const status = await statusOf(o, id);
    const { priority = '', parallelism = 0 } = status;
    const plan = { dryRun: true, batchId: id, state: steerable(status), from: { priority, parallelism }, to: { priority: o.priority ?? priority, parallelism: o.parallelism ?? parallelism } };
    return print(o, plan, ({ state, from, to }) => `Batch ${id} is ${state}: priority ${from.priority} → ${to.priority}, parallelism ${from.parallelism} → ${to.parallelism}. Nothing was changed.\n`);
  }
  let tuned: Tuned | undefined;
  for (const name of ['priority', 'parallelism'] as const) {
    if (o[name] !== undefined) tuned = await ask<Tuned>(asker(o), 'POST', `${BATCHES}/${id}/${name}`, { [name]: o[name] });
  }
  print(o, tuned as Tuned, (t) => `Batch ${t.batchId} is ${t.state}, with priority ${t.priority} and parallelism ${t.parallelism}.\n`);
}

async function retry(id: string, o: Common & { watch?: boolean; dryRun?: boolean }): Promise<void> {
  if (o.dryRun === true) return print(o, await ask<RetryPlan>(asker(o), 'POST', `${BATCHES}/${id}/retry`, { dryRun: true }), ({ parent, items }) => `A new batch would have the ${items} failed items of ${parent}. Nothing was done.\n`);
  const retried = await ask<Retried>(asker(o), 'POST', `${BATCHES}/${id}/retry`);
  if (o.watch === true) return watch(retried.batchId, o);
  print(o, retried, (r) => `Batch ${r.batchId} has the ${r.items} failed items of ${r.parent}. To look: sluice batch watch ${r.batchId}${urlArgument(o.url)}\n`);
}

async function errors(id: string, o: Common & { output?: string }): Promise<void> {
  await staying(o, async (on) => {
    if (o.output !== undefined) return saveErrors(on, id, o.output);
    const count = await printErrors(on, id, process.stdout, o.json === true, pc);
    if (count === 0 && o.json !== true) process.stdout.write('Nothing of it failed.\n');
  });
}

/** Runs what may take long, until Ctrl-C. */
async function staying(o: Common, run: (on: Asking) => Promise<void>): Promise<void> {
  const leave = leaving();
  const on = asking(o.url, leave.signal, (line) => void process.stderr.write(`${line}\n`));
  try {
    await run(on);
  } finally {
    leave.off();
    on.http.close();
  }
}

function print<T>(o: Pick<Common, 'json'>, answer: T, text: (answer: T, paint: typeof pc) => string): void {
  process.stdout.write(o.json === true ? `${JSON.stringify(answer, null, 2)}\n` : text(answer, pc));
}

function common(command: Command): Command {
  return command.addOption(urlOption()).addOption(keyOption()).option('--json', 'as JSON');
}

function one(command: Command): Command {
  return common(command.argument('<id>', 'of the batch', idOf));
}

function idOf(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new InvalidArgumentError('It must be the id of a batch; `sluice batch list` shows them.');
  return text;
}

function wholeOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number greater than 0.');
  return Number(text);
}

function collectionOf(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(text)) throw new InvalidArgumentError('It must be a name such as executions.');
  return text;
}

function keyOf(text: string): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) throw new InvalidArgumentError('It must be 1 to 255 visible ASCII characters.');
  return text;
}
