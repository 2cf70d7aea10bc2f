import type { Command } from 'commander';
import pc from 'picocolors';
import { keyOption } from '../access-key.ts';
import { operatorName } from '../dlq/ask.ts';
import { knownAddresses, urlOfRunning } from '../node/addresses.ts';
import { readSettingsOrFail } from '../node/settings.ts';
import { urlOption } from '../url-option.ts';

const DETAILS = `
A session only reads unless --operate is given. Its commands are those of the command line, without the word \`sluice\`; Tab completes them,
\`help\` lists them, \`watch\` repeats one until a key is pressed. Leaving it changes nothing in the fleet. docs/repl.md is a tour.

Examples:
  $ sluice repl
  $ sluice repl --operate
  $ echo 'nodes list --json' | sluice repl
`;

/** Adds `sluice repl`. */
export function register(program: Command): void {
  const command = program.command('repl').description('a session with the running fleet: look, watch, and with --operate change')
    .addOption(urlOption()).addOption(keyOption())
    .option('--operate', 'allow what changes something')
    .addHelpText('after', DETAILS);
  command.action((o: { url: URL; operate?: boolean }) => open(o.url, command.getOptionValueSource('url') === 'default', o.operate === true));
}

async function open(given: URL, isDefault: boolean, operate: boolean): Promise<void> {
  const settings = readSettingsOrFail();
  const found = isDefault ? urlOfRunning(settings) : '';
  const url = found === '' ? given.href : found;
  // Every command of the session takes its address from here, where it is not told another.
  process.env.SLUICE_URL = url;
  const { natsUrl } = knownAddresses(settings);
  const [{ joinFleet }, { session }] = await Promise.all([import('../repl/join-fleet.ts'), import('../repl/session.ts')]);
  const joined = natsUrl === '' ? undefined : await joinFleet({ ...settings, natsUrl });
  if (process.stdin.isTTY) {
    const { protocol, host } = new URL(url);
    const fleet = joined === undefined ? 'no fleet joined (NATS_URL is not set)' : joined.connected ? `fleet ${settings.namespace} joined` : 'NATS does not answer: `fleet` has nothing to show yet';
    process.stdout.write(`Sluice at ${protocol}//${host}; ${fleet}; ${operate ? pc.red(`changes are allowed, and are noted as ${operatorName()}'s or its key's`) : 'read only'}. help lists the commands.\n`);
  }
  try {
    process.exitCode = await session({ operate, ...(joined === undefined ? {} : { joined }) });
  } finally {
    await joined?.leave();
  }
}
