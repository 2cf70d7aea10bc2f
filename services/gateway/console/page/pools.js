import { Breakers } from './breakers.js';
import { AtWork, HoldsUp, isInTheWay } from './connections.js';
import { Chart } from './chart.js';
import { count, ms, percent, time } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Bar, Empty, Facts, Head, Panel, State, Table } from './parts.js';

const LOOK_MS = 5_000;
const TONES = { HEALTHY: 'good', WARNING: 'warn', CRITICAL: 'bad' };
const BAR_TONES = { HEALTHY: '', WARNING: 'warn', CRITICAL: 'bad' };

/** Connections to PostgreSQL over the last hour, who holds them, and the breakers. */
export function Pools({ mayOperate }) {
  useTitle('Pools');
  const asked = useAsk('/api/v1/pools?history=1h', LOOK_MS);
  const activity = useAsk('/api/v1/pools/activity', LOOK_MS);
  return html`<${Head} title="Pools">Connections to PostgreSQL. A healthy pool is used up to 75 %, and nobody waits.<//>
    <${HoldsUp} of=${activity} mayOperate=${mayOperate} />
    ${asked.error?.status === 503 && asked.data === undefined ? html`<${Panel}><${Empty} title="Nobody watches the pools" sign="◌">A relay does; start one with <code>sluice relay</code>. The last hour is seen here once it has run that long.<//><//>`
      : html`<${Asked} of=${asked} lines=${8}>${(report) => html`
      ${!(report.state === 'HEALTHY' && activity.data?.connections.some(isInTheWay)) && html`<div class=${`verdict ${{ HEALTHY: '', WARNING: 'slow', CRITICAL: 'stuck' }[report.state]}`} role="status"><span class="sign" aria-hidden="true">${report.state === 'HEALTHY' ? '✓' : '!'}</span><div><p class="strong">${{ HEALTHY: 'All pools are healthy.', WARNING: 'A pool is nearly used up.', CRITICAL: 'A pool is used up, and somebody waits for a connection.' }[report.state]}</p><p class="small">as of ${time(report.at)}</p>
        ${report.silent.length > 0 && html`<p>Did not answer: ${report.silent.join(', ')}</p>`}</div></div>`}
      ${report.history && html`<${Course} history=${report.history} />`}
      <${Each} pools=${report.pools} />
      <${AtWork} of=${activity} mayOperate=${mayOperate} />
      <div class="columns two"><${Breakers} admission=${report.breakers ?? []} mayOperate=${mayOperate} /><${Postgres} of=${report.postgres} /></div>`}<//>`}`;
}

/** The last hour. */
function Course({ history }) {
  if (history.at.length < 2) return html`<${Panel} title="The last hour"><${Empty} title="It has only begun">What is sampled from now on is seen here as a line.<//><//>`;
  const sum = (name) => history.at.map((_, i) => history.pools.reduce((total, pool) => total + (pool[name][i] ?? 0), 0));
  return html`<div class="columns two"><${Panel} title="The last hour" note="connections"><${Chart} label="Connections" seconds=${600} times=${history.at} series=${[{ name: 'in use', color: 'accent', values: sum('active') }, { name: 'PostgreSQL has', color: 'second', dash: true, values: history.connections }]} format=${count} /><//>
    <${Panel} title="Who waited" note="for a connection"><${Chart} label="Waiting" top=${5} seconds=${600} times=${history.at} series=${[{ name: 'waiting', color: 'bad', values: sum('waiting') }]} format=${count} /><//></div>`;
}

function Each({ pools }) {
  return html`<${Panel} title="Each node" flush><${Table} label="Pools" head=${['Node', 'State', { name: 'in use', class: 'n' }, 'Utilization', { name: 'wait', class: 'n' }, 'Held longest']}>
    ${pools.map((pool) => html`<tr key=${pool.node}><td class="clip" title=${pool.node}>${pool.node}<br /><span class="quiet small">${pool.services.join(', ')}</span></td><td><${State} of=${pool.state} tone=${TONES[pool.state]} /></td>
      <td class="n">${pool.active} of ${pool.max}</td><td class="meter"><${Bar} share=${pool.utilization} label=${`Utilization of ${pool.node}`} tone=${BAR_TONES[pool.state]} /><span class="quiet small">${percent(pool.utilization)}</span></td><td class="n">${count(pool.waiting)}</td>
      <td>${pool.longest === null ? html`<span class="quiet">–</span>` : html`${ms(pool.longest.heldMs)} <span class="mono small quiet">${pool.longest.query ?? ''}</span>`}</td></tr>`)}<//>
    ${pools.filter(({ heldTooLong }) => heldTooLong.length > 0).map((pool) => html`<p key=${pool.node} class="ailing"><b>${pool.node}</b> holds ${count(pool.heldTooLong.length)} connections for too long, the longest for ${ms(pool.heldTooLong[0].heldMs)}.</p>`)}<//>`;
}

function Postgres({ of }) {
  return html`<${Panel} title="PostgreSQL itself" actions=${of && html`<${State} of=${of.state} tone=${TONES[of.state]} />`}>${of === null ? html`<p class="quiet">It did not answer.</p>` : html`
    <p>${count(of.connections)} of ${count(of.maxConnections - of.reserved)} connections</p><${Bar} share=${of.utilization} label="Connections of PostgreSQL" tone=${BAR_TONES[of.state]} />
    <${Facts} of=${[['Active', count(of.active)], ['Idle', count(of.idle)], ['Idle in transaction', count(of.idleInTransaction)], ['Waiting for locks', count(of.waitingForLocks)], ['Slow statements', count(of.slow)], ['Longest transaction', ms(of.longestTransactionMs)]]} />`}<//>`;
}
