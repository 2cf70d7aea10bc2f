import type { Command } from 'commander';
import { registerOperations } from '../operations/register.ts';

const BACKLOG_HELP = `
Examples:
  $ sluice backlog --watch                 anew each two seconds
  $ sluice backlog --json | jq '.sinks[] | select(.trend == "grows")'
`;
const SHARDS_HELP = `
Examples:
  $ sluice shards list --waiting
  $ sluice shards handover kafka:orders 7 --dry-run
`;
const BREAKERS_HELP = `
Examples:
  $ sluice breakers
  $ sluice breakers trip kafka --why 'the cluster is rebuilt'
  $ sluice breakers reset kafka
`;
const QUEUES_HELP = `
Examples:
  $ sluice queues
  $ sluice queues pause low --why 'the night run waits for the day'
  $ sluice queues resume low
`;

/** Adds the commands for what stands between a request and its delivery. */
export function register(program: Command): void {
  registerOperations(program.command('backlog').description('what waits for delivery, and when it will be gone').addHelpText('after', BACKLOG_HELP), 'backlog');
  registerOperations(program.command('shards').description('who delivers which shard: list them, hand one over').addHelpText('after', SHARDS_HELP), 'shards');
  registerOperations(program.command('breakers').description('breakers: list them, open and close them').addHelpText('after', BREAKERS_HELP), 'breakers');
  registerOperations(program.command('queues').description('requests and lanes of large batches: show, pause and resume them').addHelpText('after', QUEUES_HELP), 'queues');
}
