import type { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { ROLES, SERVICE_NAMES, type Role } from '../node/roles.ts';

const MEANING: Record<Role, string> = {
  edge: 'run an edge: takes requests in over HTTP (gateway, batcher)',
  writer: 'run a writer: writes chunks into PostgreSQL; start as many as you like, anywhere',
  relay: 'run a relay: delivers written records to Kafka (publisher, pool-monitor)',
};

const NO_MIGRATE = ['--no-migrate', 'take the database as it is, known to be up to date'] as const;

/** `edge`, `writer`, `relay`, and `node --services a,b`: one node of a fleet, in this process. */
export function register(program: Command): void {
  for (const role of Object.keys(ROLES) as Role[]) {
    program
      .command(role)
      .description(MEANING[role])
      .option(...NO_MIGRATE)
      .addHelpText('after', help(role))
      .action((options: { migrate: boolean }) => run(role, ROLES[role], options.migrate));
  }
  program
    .command('node')
    .description('run one node of a fleet with the services you name')
    .requiredOption('--services <names>', `comma separated: ${SERVICE_NAMES.join(', ')}`)
    .option(...NO_MIGRATE)
    .addHelpText('after', help('node --services publisher'))
    .action((options: { services: string; migrate: boolean }) => {
      const services = options.services.split(',').map((s) => s.trim()).filter((s) => s !== '');
      const unknown = services.filter((s) => !SERVICE_NAMES.includes(s));
      if (unknown.length > 0 || services.length === 0) throw new CliError(`--services: ${unknown.join(', ') || 'none'} is no service; there are ${SERVICE_NAMES.join(', ')}`, EXIT.usage);
      return run('node', services, options.migrate);
    });
}

function help(command: string): string {
  const brokers = /relay|publisher/.test(command) ? 'KAFKA_BROKERS=host:9092 ' : '';
  return `
Addresses come from POSTGRES_URL, NATS_URL and, for delivery, KAFKA_BROKERS; without them the node joins the Sluice that \`sluice up\` runs on
SLUICE_DATA. It stops by Ctrl-C or SIGTERM, and finishes what it has in work.

Examples:
  $ sluice ${command}
  $ POSTGRES_URL=postgres://... NATS_URL=nats://... ${brokers}sluice ${command}
`;
}

async function run(role: string, services: readonly string[], migrateFirst: boolean): Promise<void> {
  const { runNode } = await import('../node/run-node.ts');
  await runNode(role, services, migrateFirst);
}
