import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { CliError, EXIT, type ExitCode } from './cli-error.ts';

interface CommandModule {
  /** What it registers, with what the list of commands says of it. */
  commands: Record<string, string>;
  load: () => Promise<{ register: (program: Command) => void }>;
}

/** Every command, loaded only when it is asked for: `sluice send --help` must not wait for the modules of a node. */
const MODULES: readonly CommandModule[] = [
  { commands: { up: 'start everything: servers, migrations, edge, writers, relay' }, load: () => import('./commands/up.ts') },
  { commands: { send: 'send a file of records to a running Sluice' }, load: () => import('./commands/send.ts') },
  { commands: { batch: 'large batches: submit, watch, steer, mend' }, load: () => import('./commands/batch.ts') },
  { commands: { receipt: 'the whole way of an item: accepted, written, delivered, or why not' }, load: () => import('./commands/receipt.ts') },
  { commands: { verify: 'check that every accepted item is accounted for' }, load: () => import('./commands/verify.ts') },
  { commands: { dlq: 'dead letters: list, show, replay, discard' }, load: () => import('./commands/dlq.ts') },
  { commands: { prove: 'inject faults into a system of its own, and show which promises held' }, load: () => import('./commands/prove.ts') },
  {
    commands: {
      edge: 'run an edge: takes requests in over HTTP',
      writer: 'run a writer: writes records into PostgreSQL',
      relay: 'run a relay: delivers written records to Kafka',
      node: 'run one node of a fleet with the services you name',
    },
    load: () => import('./commands/nodes.ts'),
  },
  { commands: { 'price-service': 'run a price service to try revaluations out, with delays and faults on demand' }, load: () => import('./commands/price-service.ts') },
  { commands: { 'trade-service': 'run a trade service to try submissions of orders out, with delays and faults on demand' }, load: () => import('./commands/trade-service.ts') },
  { commands: { nodes: 'nodes of the fleet: list them, drain one, change what one logs' }, load: () => import('./commands/fleet.ts') },
  { commands: { pools: 'connections to PostgreSQL: in use, waiting, held too long; who holds others up' }, load: () => import('./commands/pools.ts') },
  { commands: { backlog: 'what waits for delivery, and when it will be gone', shards: 'who delivers which shard: list them, hand one over', breakers: 'breakers: list them, open and close them', queues: 'requests and lanes of large batches: show, pause and resume them' }, load: () => import('./commands/flow.ts') },
  { commands: { clients: 'who sent how much lately, and what each may' }, load: () => import('./commands/clients.ts') },
  { commands: { orders: 'orders whose submission has no known end: list them, settle one' }, load: () => import('./commands/orders.ts') },
  { commands: { key: 'keys of the REST interface: create, list, limit, revoke' }, load: () => import('./commands/key.ts') },
  { commands: { audit: 'who did what when' }, load: () => import('./commands/audit.ts') },
  { commands: { repl: 'a session with the running fleet: look, watch, and with --operate change' }, load: () => import('./commands/repl.ts') },
  { commands: { reset: 'delete the data of the servers that `sluice up` starts' }, load: () => import('./commands/reset.ts') },
  { commands: { settings: 'settings: what this environment says, and what a running Sluice runs with' }, load: () => import('./commands/settings.ts') },
];

const EXAMPLES = `
Examples:
  $ sluice up                                     start everything, with servers of its own
  $ sluice writer                                 one more writer for the Sluice that runs here
  $ sluice send examples/executions.ndjson        send 10,000 executions, see what became of each
  $ sluice send - --format csv < today.csv        from standard input
  $ sluice batch submit big.ndjson                upload a large batch in one stream, and watch it
  $ sluice receipt --record 1024                  what became of this record?
  $ sluice verify                                 is everything accounted for?
  $ sluice dlq groups                             what Kafka refused, by cause
  $ sluice settings                               what Sluice can be told, and what it was told
  $ sluice help send                              all about one command
`;

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return new Command('sluice')
    .description('Takes batches of records in, writes the good ones to PostgreSQL, delivers them to Kafka, and answers for every item.')
    .version(version)
    .option('--verbose', 'show the stack of an error')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride();
}

/** Registers the command that the arguments name in full, and all others by their summary alone. */
async function registerCommands(program: Command, args: readonly string[]): Promise<void> {
  const words = args.filter((a) => !a.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const { commands, load } of MODULES) {
    if (wanted !== undefined && Object.hasOwn(commands, wanted)) (await load()).register(program);
    else for (const [name, summary] of Object.entries(commands)) program.command(name).description(summary);
  }
}

/** Runs the command line; what it returns is the exit code. */
async function main(args: readonly string[]): Promise<ExitCode> {
  const program = createProgram();
  try {
    await registerCommands(program, args);
    await program.parseAsync(args, { from: 'user' });
    return exitCodeSet();
  } catch (error) {
    if (error instanceof CommanderError) return ['commander.helpDisplayed', 'commander.version'].includes(error.code) || error.message === '(outputHelp)' && args.length > 0 ? EXIT.ok : EXIT.usage;
    return tell(error, args.includes('--verbose') || (process.env.DEBUG ?? '') !== '');
  }
}

/** Commands that ran to their end say how it went by process.exitCode. */
function exitCodeSet(): ExitCode {
  return (process.exitCode ?? EXIT.ok) as ExitCode;
}

function tell(error: unknown, withStack: boolean): ExitCode {
  const known = error instanceof CliError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${pc.red('error:')} ${text}\n`);
  if (withStack && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
  else if (!known) process.stderr.write('This was not foreseen; run it again with --verbose to see where it happened.\n');
  return known ? error.exitCode : EXIT.system;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});

process.exitCode = await main(process.argv.slice(2));
