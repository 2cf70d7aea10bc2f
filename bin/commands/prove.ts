import { randomInt } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { readSettingsOrFail } from '../node/settings.ts';
import { ALL_FAULTS } from '../prove/faults/all.ts';
import type { Fault } from '../prove/faults/fault.ts';

interface Options {
  minutes: number;
  seed?: number;
  faults: string;
  pairs: boolean;
  edges: number;
  writers: number;
  relays: number;
  rate: number;
  recovery: number;
  json?: boolean;
  markdown?: boolean;
  keep?: boolean;
  list?: boolean;
}

const DETAILS = `
Starts a Sluice of its own, beside any other: PostgreSQL, NATS, Kafka and nodes in a folder of their own on free ports. Clients
send singles, batches, changes, orders and bad items, time out and try again, and vanish. Faults are injected as the seed says: each
alone, then in pairs, again and again until time is over. Then everything has to become quiet; every answer that was ever given
is compared with the tables, and the topic is read. What each promise is, and what it rests on: docs/guarantees.md.

Exit code: 0 every promise held, 1 one was broken (logs and journal are kept), 2 wrong arguments, 3 the run itself went wrong.

Examples:
  $ sluice prove
  $ sluice prove --minutes 60 --markdown > table.md
  $ sluice prove --faults kill-writer,kill-relay --seed 7
  $ sluice prove --list
`;
const MOST_SEED = 2 ** 31;

/** Adds `sluice prove`. */
export function register(program: Command): void {
  program
    .command('prove')
    .description('inject faults into a system of its own, and show which promises held')
    .addOption(new Option('--minutes <m>', 'how long faults are injected').default(2).argParser(number('minutes', 0.1, 24 * 60)))
    .addOption(new Option('--seed <s>', 'repeats the load and the order of faults of another run').argParser(wholeNumber('seed', 0, MOST_SEED)))
    .option('--faults <names>', 'these, with commas between, or all', 'all')
    .option('--no-pairs', 'each fault alone only')
    .addOption(new Option('--edges <n>', 'edges').default(2).argParser(wholeNumber('edges', 1, 8)))
    .addOption(new Option('--writers <n>', 'writers').default(2).argParser(wholeNumber('writers', 1, 16)))
    .addOption(new Option('--relays <n>', 'relays').default(2).argParser(wholeNumber('relays', 1, 8)))
    .addOption(new Option('--rate <n>', 'requests a second, at most').default(60).argParser(wholeNumber('rate', 1, 10_000)))
    .addOption(new Option('--recovery <seconds>', 'longest recovery after a fault').default(30).argParser(wholeNumber('recovery', 1, 600)))
    .option('--json', 'as JSON')
    .option('--markdown', 'as tables for a page')
    .option('--keep', 'keep logs and journal in any case')
    .option('--list', 'show all faults, and run nothing')
    .addHelpText('after', DETAILS)
    .action(async (options: Options) => {
      if (options.list === true) return void process.stdout.write(listText());
      const faults = faultsOf(options.faults);
      const settings = readSettingsOrFail();
      const seed = options.seed ?? randomInt(MOST_SEED);
      const { minutes, pairs, rate, recovery, edges, writers, relays } = options;
      const { prove } = await import('../prove/prove.ts');
      process.exitCode = await prove({
        minutes, seed, faults, pairs, fleet: { edge: edges, writer: writers, relay: relays }, perSecond: rate, recoveryLimitMs: recovery * 1_000,
        format: options.json === true ? 'json' : options.markdown === true ? 'markdown' : 'text', keep: options.keep === true, command: commandOf(options, seed),
      }, settings);
    });
}

function commandOf(options: Options, seed: number): string {
  const { minutes, faults, pairs, edges, writers, relays, rate, recovery } = options;
  return `bin/sluice prove --minutes ${minutes} --seed ${seed} --faults ${faults}${pairs ? '' : ' --no-pairs'} --edges ${edges} --writers ${writers} --relays ${relays} --rate ${rate} --recovery ${recovery}`;
}

/** @throws CliError that names what there is */
function faultsOf(text: string): readonly Fault[] {
  if (text === 'all') return ALL_FAULTS;
  return text.split(',').map((name) => {
    const fault = ALL_FAULTS.find((one) => one.name === name.trim());
    if (fault === undefined) throw new CliError(`"${name.trim()}" is no fault; there are ${ALL_FAULTS.map((one) => one.name).join(', ')}.`, EXIT.usage);
    return fault;
  });
}

function listText(): string {
  const width = Math.max(...ALL_FAULTS.map(({ name }) => name.length));
  return ALL_FAULTS.map(({ name, says }) => `${name.padEnd(width)}  ${says}\n`).join('');
}

function number(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) throw new InvalidArgumentError(`${name} must be a number from ${least} to ${most}.`);
    return value;
  };
}

function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  const parse = number(name, least, most);
  return (text) => {
    if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${name} must be a whole number.`);
    return parse(text);
  };
}
