import type { AtWork, PoolsReport } from '../../shared/contracts/pools.ts';
import type { Paint } from '../send/summary.ts';
import { seconds, table } from '../table.ts';

const COLORS = { HEALTHY: 'green', WARNING: 'yellow', CRITICAL: 'red' } as const;

/** The answers of the operations on pools as a terminal shows them. */
export const POOLS_TEXTS = {
  'pools.show': ({ state, at, pools, silent, postgres, budget, breakers, history }: PoolsReport, paint: Paint): string => {
    const rows = pools.map((p) => [p.node, p.state, p.active, p.idle, p.waiting, p.max, percent(p.utilization), p.longest === null ? '' : `${span(p.longest.heldMs)} ${p.longest.query} (${p.longest.service})`]);
    const held = pools.flatMap(({ node, heldTooLong }) => heldTooLong.map((h) => paint.red(`held too long: ${span(h.heldMs)} by ${h.service} on ${node}, last statement ${h.query}\n`)));
    const shut = breakers.filter((b) => b.state !== 'closed').map((b) => paint.red(`admission breaker of ${b.pools}: ${b.state}; writing requests are refused${b.state === 'open' ? '' : ', but for one at a time'}\n`));
    const course = history === undefined ? '' : `\n${table(['AT (UTC)', 'STATE', 'CONNECTIONS', 'ACTIVE', 'WAITING'], history.at.map((s, i) => [seconds(new Date(s * 1_000).toISOString()), history.state[i] ?? '', history.connections[i] ?? '-', sum(history.pools.map(({ active }) => active[i])), sum(history.pools.map(({ waiting }) => waiting[i]))]), paint)}\n`;
    return `${paint[COLORS[state]](state)} at ${seconds(at)} (UTC)\n${table(['NODE', 'STATE', 'ACTIVE', 'IDLE', 'WAITING', 'MAX', 'IN USE', 'HELD LONGEST'], rows, paint)}\n${held.join('')}${shut.join('')}${silent.map((node) => paint.red(`${node} does not answer\n`)).join('')}${postgresText(postgres, paint)}${budgetText(budget, paint)}${course}`;
  },
  'pools.activity': ({ connections }: { connections: AtWork[] }, paint: Paint): string => {
    if (connections.length === 0) return 'No other connection is at work.\n';
    const rows = connections.map((c) => [String(c.pid), nameOf(c), c.state, c.openMs === null ? '-' : span(c.openMs), c.waitsFor ?? '', c.holdsUp, c.statement ?? '']);
    return `${connections.filter(isRoot).map((c) => paint.red(`${c.pid} (${nameOf(c)}) holds ${c.holdsUp} others up, ${c.state}${c.openMs === null ? '' : ` for ${span(c.openMs)}`}: sluice pools disconnect ${c.pid} --dry-run\n`)).join('')}${table(['PID', 'APPLICATION', 'STATE', 'OPEN FOR', 'WAITS FOR', 'HOLDS UP', 'STATEMENT'], rows, paint)}\n`;
  },
  'pools.disconnect': ({ connection: c, dryRun }: { connection: AtWork; dryRun?: true }): string =>
    `${c.pid}, ${nameOf(c)}: ${c.state}${c.openMs === null ? '' : `, its transaction open for ${span(c.openMs)}`}; ${c.holdsUp} others wait for it.\n${dryRun === true ? 'It would be ended, and what its transaction did undone. Nothing was changed.' : 'It is ended.'}\n`,
};

const nameOf = ({ application }: AtWork) => (application === '' ? '(without a name)' : application);

/** Holds others up, and waits for nobody itself. */
function isRoot({ holdsUp, waitsFor }: AtWork): boolean {
  return holdsUp > 0 && waitsFor?.startsWith('Lock') !== true;
}

function postgresText(view: PoolsReport['postgres'], paint: Paint): string {
  if (view === null) return paint.red('PostgreSQL does not tell of its connections\n');
  const { connections, maxConnections, reserved, active, idle, idleInTransaction, waitingForLocks, slow, longestTransactionMs, byApplication } = view;
  const all = `PostgreSQL: ${connections} of ${maxConnections - reserved} connections (${percent(view.utilization)}): ${active} active, ${idle} idle, ${idleInTransaction} idle in transaction; ${waitingForLocks} wait for locks, ${slow} slow; oldest transaction ${span(longestTransactionMs)}`;
  return `${paint[COLORS[view.state]](all)}\n${table(['APPLICATION', 'CONNECTIONS'], byApplication.map((one) => [one.application === '' ? '(without a name)' : one.application, one.connections]), paint)}\n`;
}

function budgetText(budget: PoolsReport['budget'], paint: Paint): string {
  if (budget === null) return '';
  const short = budget.shares.filter(({ wanted, granted }) => granted < wanted).map(({ node, wanted, granted }) => paint.yellow(`${node} has ${granted} connections and wants ${wanted}\n`));
  return `Nodes have ${budget.granted} of the ${budget.connections} connections that are theirs (${budget.reserve} are left to others)\n${short.join('')}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function span(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function sum(figures: readonly (number | null | undefined)[]): number {
  return figures.reduce<number>((total, figure) => total + (figure ?? 0), 0);
}
