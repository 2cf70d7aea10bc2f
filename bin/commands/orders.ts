import type { Command } from 'commander';
import { registerOperations } from '../operations/register.ts';

const ORDERS_HELP = `
Examples:
  $ sluice orders overdue                                        which orders wait for a person
  $ sluice orders settle 1024 sent --dry-run                     what the trade service says of one, and what would be done
  $ sluice orders settle 1024 sent                               SENT, with the trade order that it names
  $ sluice orders settle 1024 new                                it does not have it: free again
  $ sluice orders settle 1024 sent --trade-order-id 77 --force --why "told by phone"
`;

/** Adds `sluice orders` and its subcommands. */
export function register(program: Command): void {
  registerOperations(program.command('orders').description('orders whose submission has no known end: list them, settle one').addHelpText('after', ORDERS_HELP), 'orders');
}
