import { ask } from './api.js';
import { confirm } from './dialog.js';
import { count, NONE, percent, rate, span } from './format.js';
import { useAsk, useStore, useTitle } from './hooks.js';
import { html } from './html.js';
import { live } from './live.js';
import { Asked, Bar, Empty, Head, State } from './parts.js';

const LOOK_MS = 5_000;
const ROLES = { gateway: 'edge', writer: 'writer', publisher: 'relay' };
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const roleOf = (services) => services.flatMap((service) => ROLES[service] ?? []).join(' + ') || services.join(', ');

/** Every node: what runs there and how it does. */
export function Nodes({ mayOperate }) {
  useTitle('Nodes');
  const asked = useAsk('/api/v1/nodes', LOOK_MS);
  const { snapshot } = useStore(live);
  const parts = new Map(snapshot?.nodes.map((node) => [node.node, node]));
  return html`<${Head} title="Nodes">Edges take in, writers write, relays deliver. A node that stops finishes first what it has in hand.<//>
    <${Asked} of=${asked} lines=${8}>${({ nodes, silent }) => html`
      ${silent.length > 0 && html`<div class="verdict stuck" role="status"><span class="sign" aria-hidden="true">✕</span><p class="strong">Did not answer: ${silent.join(', ')}</p></div>`}
      ${nodes.length === 0 ? html`<${Empty} title="No node answered">Look at the logs of the nodes, and whether NATS runs.<//>` : html`<ul class="nodes">${nodes.map((node) => html`<${Node} key=${node.node} node=${node} now=${parts.get(node.node)} mayOperate=${mayOperate} after=${asked.reload} />`)}</ul>`}`}
    <//>`;
}

function Node({ node, now, mayOperate, after }) {
  const ailing = Object.entries(node.parts).filter(([, part]) => part.status !== 'up');
  return html`<li class="panel node" tabindex="0" data-row aria-label=${node.node}>
    <div class="panel-head"><h2>${roleOf(node.services)}</h2><${State} of=${node.ready === null ? 'silent' : node.ready ? 'ready' : 'down'} /></div>
    <p class="mono small clip" title=${node.node}>${node.node}</p>
    <dl class="tiles">
      ${node.services.includes('writer') && html`<div><dt>rows/s</dt><dd>${rate(now?.rowsPerS)}</dd></div>`}
      ${node.services.includes('publisher') && html`<div><dt>messages/s</dt><dd>${rate(now?.messagesPerS)}</dd></div>`}
      <div><dt>CPU</dt><dd>${percent(now?.cpu)}</dd></div>
      <div><dt>memory</dt><dd>${count(now?.memoryMb ?? node.memoryMb)} MB</dd></div>
      <div><dt>up for</dt><dd>${span(now?.uptimeS ?? node.uptime)}</dd></div>
    </dl>
    ${now && html`<div class="poolline"><span class="quiet small">connections</span><${Bar} share=${now.pool.max === 0 ? 0 : now.pool.active / now.pool.max} label="Connections in use" tone=${now.pool.waiting > 0 ? 'warn' : ''} /><span class="small">${now.pool.active} of ${now.pool.max}${now.pool.waiting > 0 ? `, ${now.pool.waiting} wait` : ''}</span></div>`}
    ${ailing.map(([name, part]) => html`<p key=${name} class="ailing"><${State} of=${part.status} /> <b>${name}</b> ${part.why ?? NONE}</p>`)}
    <p class="quiet small">${node.host} · pid ${node.pid} · Sluice ${node.version} · logs ${mayOperate ? html`<select class="small" aria-label=${`What ${node.node} logs`} value=${node.logLevel} onChange=${(event) => askLevel(node, event.target, after)}>${LEVELS.map((level) => html`<option key=${level} value=${level}>${level}</option>`)}</select>` : node.logLevel}</p>
    ${mayOperate && html`<p><button type="button" class="small" onClick=${() => askDrain(node, after)}>${isDrained(node) ? 'Give it work again…' : 'Drain…'}<span class="sr"> ${node.node}</span></button></p>`}
  </li>`;
}

const isDrained = ({ parts }) => parts.duty?.status === 'down';

/** Asks whether to give a node no new work, or work again. */
function askDrain(node, after) {
  const drain = !isDrained(node);
  const path = `/api/v1/nodes/${encodeURIComponent(node.node)}/${drain ? 'drain' : 'undrain'}`;
  confirm({
    title: drain ? 'Drain the node?' : 'Give the node work again?', action: drain ? 'Drain it' : 'Give it work', danger: drain,
    preview: async () => {
      const { from, to } = await ask(path, { method: 'POST', body: { dryRun: true } });
      return html`<p class="clip" title=${node.node}>${node.node}</p><p class="fromto"><span>${from}</span> → <b>${to}</b></p><p>${drain ? 'It gets no new work and finishes what it has: nothing fails. Until it is lifted, or the node starts again.' : 'It takes its part again.'}</p>`;
    },
    run: async () => {
      await ask(path, { method: 'POST', body: {} });
      await after();
      return `${node.node} is ${drain ? 'drained' : 'at work again'}.`;
    },
  });
}

/** Asks whether to change what one node logs. */
function askLevel({ node, logLevel }, select, after) {
  const level = select.value;
  // Until it is done the list says what is so.
  select.value = logLevel;
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/log-level`;
  confirm({
    title: 'Change what the node logs?', action: 'Change it',
    preview: async () => {
      const { from, to } = await ask(path, { method: 'PUT', body: { level, dryRun: true } });
      return html`<p class="clip" title=${node}>${node}</p><p class="fromto"><span>${from}</span> → <b>${to}</b></p><p>Until the node stops. For all nodes, and to last, there is the setting logLevel.</p>`;
    },
    run: async () => {
      await ask(path, { method: 'PUT', body: { level } });
      await after();
      return `${node} logs ${level} now.`;
    },
  });
}
