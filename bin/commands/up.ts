import type { Command } from 'commander';
import { readSettingsOrFail } from '../node/settings.ts';

const EXAMPLES = `
PostgreSQL, NATS and Kafka are started here unless POSTGRES_URL, NATS_URL or KAFKA_BROKERS name others. All they write is kept
in SLUICE_DATA (.sluice in the project) and is there again at the next start. Ctrl-C stops everything in order.

Examples:
  $ sluice up
  $ sluice up --port 8081 --writers 4
  $ SLUICE_DATA=.sluice-2 PORT=8081 sluice up      a second one beside the first
  $ POSTGRES_URL=postgres://... sluice up          with a PostgreSQL that runs elsewhere
`;

/** Adds `sluice up`. */
export function register(program: Command): void {
  program
    .command('up')
    .description('start everything: servers, migrations, edge, writers, relay')
    .option('--port <port>', 'port of the REST interface (PORT)')
    .option('--writers <count>', 'writer processes (WRITERS)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { port?: string; writers?: string }) => {
      // As if they stood in the environment: checked by the same table, and seen by the nodes.
      if (options.port !== undefined) process.env.PORT = options.port;
      if (options.writers !== undefined) process.env.WRITERS = options.writers;
      const settings = readSettingsOrFail();
      const { up } = await import('../up/up.ts');
      try {
        process.exitCode = await up(settings);
      } finally {
        // What cannot be cut off, such as a download, must not keep the command from ending.
        setTimeout(() => process.exit(), 300).unref();
      }
    });
}
