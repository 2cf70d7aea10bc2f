import { ask } from './api.js';
import { confirm } from './dialog.js';
import { count, many, ms } from './format.js';
import { html } from './html.js';
import { Asked, Empty, Panel, State, Table } from './parts.js';

const nameOf = ({ application }) => (application === '' ? 'without a name' : application);
/** Holds others up, and waits for nobody itself. */
export const isInTheWay = ({ holdsUp, waitsFor }) => holdsUp > 0 && !(waitsFor ?? '').startsWith('Lock');

/** Who holds others up in PostgreSQL, where somebody does. @param {{ of: ReturnType<import('./hooks.js').useAsk>, mayOperate: boolean }} props */
export function HoldsUp({ of, mayOperate }) {
  const roots = (of.data?.connections ?? []).filter(isInTheWay);
  if (roots.length === 0) return null;
  return html`<div class="verdict stuck" role="status"><span class="sign" aria-hidden="true">✕</span><div class="grow">${roots.map((one) => html`<div key=${one.pid} class="batch-line"><p class="strong">${nameOf(one)} holds ${many(one.holdsUp, 'connection')} up</p><span>${one.state}${one.openMs === null ? '' : ` for ${ms(one.openMs)}`} · process ${one.pid}</span>
    ${mayOperate && html`<span class="row-actions"><button type="button" onClick=${() => askEnd(one, of.reload)}>End it…<span class="sr"> connection ${one.pid}</span></button></span>`}</div>`)}</div></div>`;
}

/** Every connection of PostgreSQL that is at work. */
export function AtWork({ of, mayOperate }) {
  return html`<${Panel} title="At work in PostgreSQL" note="who waits for what" flush><${Asked} of=${of} lines=${3}>${({ connections }) => connections.length === 0 ? html`<${Empty} title="Nobody just now" sign="✓">No connection is at work, or in a transaction.<//>` : html`<${Table} label="Connections at work" head=${['Application', 'State', { name: 'open for', class: 'n' }, 'Waits for', { name: 'holds up', class: 'n' }, 'Statement', { name: 'process', class: 'n' }]}>
    ${connections.map((one) => html`<tr key=${one.pid}><td class="clip" title=${nameOf(one)}>${nameOf(one)}</td><td><${State} of=${one.state} tone=${one.holdsUp > 0 ? 'bad' : one.waitsFor === null ? 'plain' : 'warn'} /></td><td class="n">${one.openMs === null ? '–' : ms(one.openMs)}</td><td>${one.waitsFor ?? html`<span class="quiet">–</span>`}</td>
      <td class="n">${one.holdsUp === 0 ? '–' : html`<b class="fault">${count(one.holdsUp)}</b>`}</td><td class="mono small quiet">${one.statement ?? ''}</td><td class="n">${mayOperate ? html`<button type="button" class="small" onClick=${() => askEnd(one, of.reload)}>${one.pid}…<span class="sr"> end this connection</span></button>` : one.pid}</td></tr>`)}<//>`}<//><//>`;
}

/** Asks whether to end a connection. */
function askEnd({ pid, ofNode }, after) {
  const path = `/api/v1/pools/connections/${pid}/disconnect`;
  const force = ofNode ? { force: true } : {};
  confirm({
    title: 'End the connection?', action: 'End it', danger: true, fields: [{ name: 'why', label: 'Why', hint: 'kept in the audit' }],
    preview: async () => {
      const { connection: now } = await ask(path, { method: 'POST', body: { ...force, dryRun: true } });
      return html`<p><b>${nameOf(now)}</b> · process ${now.pid} · ${now.state}${now.openMs === null ? '' : ` for ${ms(now.openMs)}`}</p><p>${now.holdsUp === 0 ? 'Nobody waits for it.' : `${many(now.holdsUp, 'connection waits', 'connections wait')} for it, and go on.`} What its transaction did is undone.</p>
        ${ofNode && html`<p class="fault">It belongs to a node of Sluice: that opens another, and does again what was undone.</p>`}`;
    },
    run: async ({ why = '' }) => {
      await ask(path, { method: 'POST', body: { ...force, ...(why.trim() === '' ? {} : { why: why.trim() }) } });
      await after();
      return `The connection ${pid} is ended.`;
    },
  });
}
