import type { Command } from 'commander';
import { registerOperations } from '../operations/register.ts';

const CLIENTS_HELP = `
Examples:
  $ sluice clients                         who sent how much in the last minute
  $ sluice clients --since 1h
  $ sluice key limit 3f9a0c12d4e5 --rate 20
`;

/** Adds `sluice clients`. */
export function register(program: Command): void {
  registerOperations(program.command('clients').description('who sent how much lately, and what each may').addHelpText('after', CLIENTS_HELP), 'clients');
}
