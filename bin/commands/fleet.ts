import type { Command } from 'commander';
import { registerOperations } from '../operations/register.ts';

const NODES_HELP = `
Examples:
  $ sluice nodes list --watch                     who is there, and how each does
  $ sluice nodes log-level relay-host-4711-a1b2 debug
  $ sluice nodes drain writer-host-4711-a1b2 --dry-run
`;

/** Adds `sluice nodes` and its subcommands. */
export function register(program: Command): void {
  registerOperations(program.command('nodes').description('nodes of the fleet: list them, drain one, change what one logs').addHelpText('after', NODES_HELP), 'nodes');
}
