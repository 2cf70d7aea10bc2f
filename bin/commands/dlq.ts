import { InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import type { AuditEntry, LetterGroup, LetterSummary, Page, Replay, ReplayPlan, ReplayProgress, Letter } from '../../shared/contracts/dead-letters.ts';
import { ask, operatorName, withQuery } from '../dlq/ask.ts';
import { stopPlan, stopPlanText } from '../dlq/stop-plan.ts';
import { auditText, groupsText, lettersText, letterText, planText, replaysText, replayText } from '../dlq/texts.ts';
import { watchReplay } from '../dlq/watch-replay.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { urlOption } from '../url-option.ts';
import { keyOption } from '../access-key.ts';

const PATH = '/api/v1/dead-letters';

const DETAILS = `
A dead letter is a message that its sink refused on every try. It is kept until somebody replays or discards it, or a later version
of its record takes its place. Times are given as 2026-11-22 or 2026-11-22T10:00:00Z; --since and --until bound the last failure.

Exit code: 0 done, 1 not possible (unknown, closed already, nothing matches, on its way already) or dead again after --watch,
2 wrong arguments, 3 Sluice could not be reached or failed.

Examples:
  $ sluice dlq groups                                       what is there, by cause
  $ sluice dlq list --group MESSAGE_TOO_LARGE-1f0c2a9b3d    one cause's dead letters
  $ sluice dlq show 17                                      all that is known of one
  $ sluice dlq replay --group MESSAGE_TOO_LARGE-1f0c2a9b3d --dry-run
  $ sluice dlq replay --group MESSAGE_TOO_LARGE-1f0c2a9b3d --rate 50 --watch
  $ sluice dlq stop 019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001
  $ sluice dlq discard 17 18 --reason "corrected by hand, ticket 4711"
  $ sluice audit --who ada --json | jq .content
`;

interface Common {
  url: URL;
  operator: string;
  json?: boolean;
}
interface Choice extends Common {
  group?: string;
  sink?: string;
  kind?: string;
  code?: string;
  since?: string;
  until?: string;
}
interface Paging {
  limit?: number;
  cursor?: string;
  oldest?: boolean;
}
type ListOptions = Choice & Paging & { state?: string; batch?: string; record?: string };
type ReplayOptions = Choice & { rate?: number; dryRun?: boolean; watch?: boolean };
type DiscardOptions = Choice & { reason: string; dryRun?: boolean };

/** Adds `sluice dlq` and its subcommands. */
export function register(program: Command): void {
  const dlq = program.command('dlq').description('dead letters: list, show, replay, discard').addHelpText('after', DETAILS);
  chosen(common(dlq.command('list').description('list dead letters, newest first')))
    .option('--state <states>', 'dead, replaying, delivered, discarded, superseded; several with commas between')
    .option('--batch <id>', 'only from this batch')
    .option('--record <ids>', 'only of these records')
    .addOption(limitOption()).option('--cursor <id>', 'go on behind this one').option('--oldest', 'oldest first')
    .action(async (o: ListOptions) => {
      const query = { ...filterOf(o), state: o.state, batchId: o.batch, recordId: o.record, limit: o.limit, cursor: o.cursor, order: o.oldest === true ? 'oldest' : undefined };
      print(o, await ask<Page<LetterSummary>>(o, 'GET', withQuery(PATH, query)), lettersText);
    });
  chosen(common(dlq.command('groups').description('dead letters by cause: count, first, last, an example')))
    .option('--state <states>', 'count these states (default: dead,replaying)')
    .action(async (o: Choice & { state?: string }) => print(o, await ask<{ content: LetterGroup[]; more: boolean }>(o, 'GET', withQuery(`${PATH}/groups`, { ...filterOf(o), state: o.state })), groupsText));
  common(dlq.command('show').description('all that is known of one').argument('<id>', 'its id', idOf))
    .action(async (id: number, o: Common) => print(o, await ask<Letter>(o, 'GET', `${PATH}/${id}`), letterText));
  chosen(common(dlq.command('replay').description('send dead letters again: these, or all that match').argument('[ids...]', 'their ids', idsOf)))
    .addOption(new Option('--rate <number>', 'dead letters a second (default: the setting REPLAY_RATE)').argParser(wholeOf))
    .option('--dry-run', 'only show what would be sent, where, in which order')
    .option('--watch', 'stay until all that was released is settled')
    .action(replay);
  common(dlq.command('stop').description('stop a replay; what it released already is still sent').argument('<replay>', 'its id'))
    .option('--dry-run', 'only show what would not be sent')
    .action(stop);
  chosen(common(dlq.command('discard').description('close dead letters for good: these, or all that match').argument('[ids...]', 'their ids', idsOf)))
    .requiredOption('--reason <text>', 'why; kept with each of them')
    .option('--dry-run', 'only show how many')
    .action(discard);
  common(dlq.command('replays').description('replays, newest first; or one, by its id').argument('[replay]', 'its id'))
    .option('--state <states>', 'running, stopped, done').option('--sink <sinks>', 'only to these').addOption(limitOption()).option('--cursor <id>', 'go on behind this one')
    .option('--watch', 'stay with this one until all that it released is settled')
    .action(replays);
  addAudit(dlq);
}

/** Adds the command `audit` to another one, or to `sluice` itself. */
export function addAudit(parent: Command): void {
  common(parent.command('audit').description('who did what when'))
    .option('--who <names>', 'only by these').option('--operation <names>', 'such as dead-letters.replay').option('--since <time>', 'from then on').option('--until <time>', 'up to then')
    .addOption(limitOption()).option('--cursor <id>', 'go on behind this one').option('--oldest', 'oldest first')
    .action(async (o: Common & Paging & { who?: string; operation?: string; since?: string; until?: string }) => {
      const query = { who: o.who, operation: o.operation, since: o.since, until: o.until, limit: o.limit, cursor: o.cursor, order: o.oldest === true ? 'oldest' : undefined };
      print(o, await ask<Page<AuditEntry>>(o, 'GET', withQuery('/api/v1/audit', query)), auditText);
    });
}

async function replay(ids: number[], o: ReplayOptions): Promise<void> {
  const body = { ...selectionOf(ids, o), ...(o.rate === undefined ? {} : { rate: o.rate }) };
  if (o.dryRun === true) return print(o, await ask<ReplayPlan>(o, 'POST', `${PATH}/replays`, { ...body, dryRun: true }), planText);
  const begun = await ask<ReplayProgress>(o, 'POST', `${PATH}/replays`, body);
  if (o.watch === true) return watch(o, begun.id);
  print(o, begun, (r) => `${replayText(r)}It goes on by itself: sluice dlq replays ${r.id} --watch\n`);
}

async function replays(id: string | undefined, o: Common & Paging & { state?: string; sink?: string; watch?: boolean }): Promise<void> {
  if (id !== undefined && o.watch === true) return watch(o, id);
  if (id !== undefined) return print(o, await ask<ReplayProgress>(o, 'GET', `${PATH}/replays/${encodeURIComponent(id)}`), replayText);
  if (o.watch === true) throw new CliError('--watch needs the id of a replay.', EXIT.usage);
  print(o, await ask<Page<Replay>>(o, 'GET', withQuery(`${PATH}/replays`, { state: o.state, sink: o.sink, limit: o.limit, cursor: o.cursor })), replaysText);
}

async function stop(id: string, o: Common & { dryRun?: boolean }): Promise<void> {
  const path = `${PATH}/replays/${encodeURIComponent(id)}`;
  if (o.dryRun === true) return print(o, stopPlan(await ask<ReplayProgress>(o, 'GET', path)), stopPlanText);
  print(o, await ask<ReplayProgress>(o, 'POST', `${path}/stop`, {}), replayText);
}

/** Ctrl-C only stops looking. */
async function watch(o: Common, id: string): Promise<void> {
  const leave = new AbortController();
  const interrupt = () => leave.abort();
  process.once('SIGINT', interrupt);
  const last = await watchReplay(() => ask<ReplayProgress>(o, 'GET', `${PATH}/replays/${encodeURIComponent(id)}`), process.stderr, leave.signal).finally(() => process.off('SIGINT', interrupt));
  print(o, last, replayText);
  if (leave.signal.aborted) throw new CliError(`The replay goes on by itself. To look again: sluice dlq replays ${id} --watch; to stop it: sluice dlq stop ${id}`, EXIT.interrupted);
  process.exitCode = last.deadAgain > 0 ? EXIT.failed : EXIT.ok;
}

/** One call closes a bounded number: it is asked again until nothing is left. */
async function discard(ids: number[], o: DiscardOptions): Promise<void> {
  const body = { ...selectionOf(ids, o), reason: o.reason };
  if (o.dryRun === true) return print(o, await ask<{ total: number }>(o, 'POST', `${PATH}/discards`, { ...body, dryRun: true }), ({ total }) => `${total} dead letters would be discarded. Nothing was done.\n`);
  let discarded = 0;
  for (let remaining = 1; remaining > 0; ) {
    const done = await ask<{ discarded: number; remaining: number }>(o, 'POST', `${PATH}/discards`, body);
    discarded += done.discarded;
    remaining = done.discarded === 0 ? 0 : done.remaining;
  }
  print(o, { discarded }, (d) => `${d.discarded} discarded.\n`);
}

function print<T>(o: Common, answer: T, text: (answer: T, paint: typeof pc) => string): void {
  process.stdout.write(o.json === true ? `${JSON.stringify(answer, null, 2)}\n` : text(answer, pc));
}

/** @throws CliError where neither or both are given */
function selectionOf(ids: number[], o: Choice): { ids: number[] } | { filter: Record<string, string> } {
  const filter = filterOf(o);
  const some = Object.keys(filter).length > 0;
  if (ids.length > 0 && some) throw new CliError('Either ids, or what they have in common (--group, --sink, --kind, --code, --since, --until), not both.', EXIT.usage);
  if (ids.length === 0 && !some) throw new CliError('Which ones? Give ids, or what they have in common: --group, --sink, --kind, --code, --since, --until.', EXIT.usage);
  return ids.length > 0 ? { ids } : { filter };
}

function filterOf({ group, sink, kind, code, since, until }: Choice): Record<string, string> {
  return Object.fromEntries(Object.entries({ fingerprint: group, sink, kind, code, since, until }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function common(command: Command): Command {
  return command
    .addOption(urlOption()).addOption(keyOption())
    .addOption(new Option('--operator <name>', 'who asks, for the audit').env('SLUICE_OPERATOR').default(operatorName(), "the account's name"))
    .option('--json', 'as JSON');
}

function chosen(command: Command): Command {
  return command
    .option('--group <fingerprint>', 'of this group').option('--sink <name>', 'to this sink, such as kafka:orders').option('--kind <name>', 'of this kind of record').option('--code <code>', 'refused with this code')
    .option('--since <time>', 'last failed then or later').option('--until <time>', 'last failed then or before');
}

function limitOption(): Option {
  return new Option('--limit <number>', 'at most so many (default: 50)').argParser(wholeOf);
}

function wholeOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number greater than 0.');
  return Number(text);
}

function idOf(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError('An id is a whole number greater than 0; `sluice dlq list` shows them.');
  return Number(text);
}

function idsOf(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), idOf(text)];
}
