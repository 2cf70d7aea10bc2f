import { createRequire } from 'node:module';
import { Command } from 'commander';
import type { ServiceBroker } from 'moleculer';
import { OPERATIONS } from '../../shared/operations/operations.ts';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { register as registerAudit } from '../commands/audit.ts';
import { register as registerBatch } from '../commands/batch.ts';
import { register as registerDlq } from '../commands/dlq.ts';
import { register as registerReceipt } from '../commands/receipt.ts';
import { register as registerVerify } from '../commands/verify.ts';
import { registerOperations } from '../operations/register.ts';
import { refusal, wordsOf } from './permitted.ts';

/** What a session's commands need. */
export interface ReplParts {
  operate: boolean;
  /** The fleet over NATS; without it only the commands that look at it refuse. */
  broker?: ServiceBroker;
  /** Repeats a command. */
  watch: (words: readonly string[], options: { every: string; times?: string }) => Promise<void>;
  leave: () => void;
}

/** Commands of moleculer-repl that only look. Those that call, emit, load or stop go past the keys and the audit, and env and info show the process's own. */
const LOOKING = ['services', 'actions', 'events'] as const;
const require = createRequire(import.meta.url);
const SEEN_MS = 3_000;

/** The commands of a session: every part of the operations table, what the command line has beside it, and what the registry knows of the fleet. */
export function createReplProgram(parts: ReplParts): Command {
  const program = new Command('sluice').usage('<command> [options]').description('What the command line has, without the word `sluice`.').exitOverride().showSuggestionAfterError().enablePositionalOptions();
  // The built-in `help` knows one word; operators ask for two.
  program.helpCommand(false);
  for (const part of new Set(OPERATIONS.map(({ name }) => name.slice(0, name.indexOf('.'))))) {
    const of = OPERATIONS.filter(({ name }) => name.startsWith(`${part}.`)).map(({ name }) => name.slice(part.length + 1));
    registerOperations(program.command(part).description(of.join(', ')), part);
  }
  for (const register of [registerBatch, registerDlq, registerReceipt, registerVerify, registerAudit]) register(program);
  addFleet(program, parts.broker);
  program.command('watch').description('a command anew and anew, until a key is pressed').argument('<command...>', 'any that only reads')
    .option('-n, --every <seconds>', 'time between', '2').option('--times <number>', 'end after so many').passThroughOptions()
    .action(parts.watch);
  program.command('help').description('all about a command').argument('[command...]').allowUnknownOption().action((words: string[]) => helpOf(program, words));
  program.command('clear').description('clear the screen').action(() => void process.stdout.write('\u001b[H\u001b[2J'));
  program.command('exit').alias('quit').description('leave; the fleet goes on').action(parts.leave);
  program.hook('preAction', (_, command) => {
    const why = command.name() === 'help' ? undefined : refusal(wordsOf(command), command.opts(), parts.operate);
    if (why !== undefined) throw new CliError(why, EXIT.usage);
  });
  return program;
}

function addFleet(program: Command, broker: ServiceBroker | undefined): void {
  const fleet = program.command('fleet').description('what the registry says over NATS: services, actions, events');
  fleet.hook('preAction', async () => {
    if (broker === undefined) throw new CliError('This session has not joined a fleet: set NATS_URL, or start it where `sluice up` runs.', EXIT.system);
    const until = performance.now() + SEEN_MS;
    while (nodesWith(broker, 'node').length === 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  for (const name of LOOKING) (require(`moleculer-repl/src/commands/${name}.js`) as { register(program: Command, broker: ServiceBroker | undefined): void }).register(fleet, broker);
}

function helpOf(program: Command, words: readonly string[]): void {
  let at = program;
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next === undefined) throw new CliError(`There is no command ${words.join(' ')}; \`help\` lists them.`, EXIT.usage);
    at = next;
  }
  at.outputHelp();
}
