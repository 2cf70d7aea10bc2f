import type { Command } from 'commander';
import { registerOperations } from '../operations/register.ts';

const POOLS_HELP = `
Examples:
  $ sluice pools --watch                   every pool, anew each two seconds
  $ sluice pools --history 15m             with the course of the last quarter of an hour
  $ sluice pools activity                  what PostgreSQL does now, and who holds others up
  $ sluice pools disconnect 4711 --dry-run
  $ sluice pools --json | jq '.pools[] | select(.state != "HEALTHY")'
`;

/** Adds `sluice pools`. */
export function register(program: Command): void {
  registerOperations(program.command('pools').description('pools of connections to PostgreSQL: who has how many, who waits, who holds one for too long').addHelpText('after', POOLS_HELP), 'pools');
}
