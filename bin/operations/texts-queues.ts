import type { QueueState } from '../../shared/contracts/queues.ts';
import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

interface Changed {
  from: string[];
  to: string[];
  dryRun?: true;
}

/** The answers of the operations on queues as a terminal shows them. */
export const QUEUES_TEXTS = {
  'queues.show': ({ queues, silent }: { queues: QueueState[]; silent: string[] }, paint: Paint): string => {
    const rows = queues.map((q) => [q.queue, q.paused ? paint.red('paused') : 'open', q.underway, q.inFlight, q.waiting, q.oldestS === null ? '-' : `${q.oldestS} s`]);
    return `${table(['QUEUE', 'STATE', 'UNDER WAY', 'ITEMS IN FLIGHT', 'ITEMS WAITING', 'OLDEST'], rows, paint)}\n${silent.map((node) => paint.red(`${node} does not answer\n`)).join('')}`;
  },
  'queues.pause': changed,
  'queues.resume': changed,
};

function changed({ from, to, dryRun }: Changed): string {
  const list = (queues: readonly string[]) => (queues.length === 0 ? 'none' : queues.join(', '));
  if (from.join() === to.join()) return `Paused already: ${list(to)}. Nothing was changed.\n`;
  return `Paused: ${list(from)} → ${list(to)}.${dryRun === true ? ' Nothing was changed.' : ''}\n`;
}
