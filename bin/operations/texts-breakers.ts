import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

interface Listed {
  breakers: { name: string; node: string; state: string; tripped: boolean }[];
  silent: string[];
}
interface Changed {
  breaker: string;
  to: string;
  nodes: { node: string; from: string }[];
  silent: string[];
  dryRun?: true;
}

/** The answers of the operations on breakers as a terminal shows them. */
export const BREAKERS_TEXTS = {
  'breakers.list': ({ breakers, silent }: Listed, paint: Paint): string => {
    const rows = breakers.map(({ name, node, state, tripped }) => [name, node, state === 'closed' ? state : paint.red(state), tripped ? 'by an operator, until it is reset' : '']);
    return `${breakers.length === 0 ? 'No node has a breaker.' : table(['BREAKER', 'NODE', 'STATE', ''], rows, paint)}\n${dumb(silent, paint)}`;
  },
  'breakers.trip': changed,
  'breakers.reset': changed,
};

function changed({ breaker, to, nodes, silent, dryRun }: Changed, paint: Paint): string {
  const lines = nodes.map(({ node, from }) => `${node}: ${from} → ${to}\n`).join('');
  return `${breaker}\n${lines}${dumb(silent, paint)}${dryRun === true ? 'Nothing was changed.\n' : ''}`;
}

function dumb(silent: readonly string[], paint: Paint): string {
  return silent.map((node) => paint.red(`${node} does not answer\n`)).join('');
}
