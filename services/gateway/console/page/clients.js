import { count, percent } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Bar, Empty, Head, Panel, Table } from './parts.js';

const LOOK_MS = 3_000;

/** Who sends how much. */
export function Clients() {
  useTitle('Clients');
  const asked = useAsk('/api/v1/clients?since=1m', LOOK_MS);
  return html`<${Head} title="Clients">Who sent how much in the last minute, of what was taken in. Whoever sends too much is held to a limit: <code>sluice key limit</code>.<//>
    <${Panel} flush><${Asked} of=${asked} lines=${5}>${({ clients }) => clients.length === 0 ? html`<${Empty} title="Nobody sends">Who sends something is seen here for a minute.<//>` : html`<${Table} label="Clients" head=${['Client', { name: 'batches', class: 'n' }, { name: 'items', class: 'n' }, 'Share', 'Keys']}>
      ${clients.map(({ client, batches, items, share, keys }) => html`<tr key=${client} data-row tabindex="0"><td class="clip" title=${client}><b>${client}</b></td><td class="n">${count(batches)}</td><td class="n">${count(items)}</td><td class="meter"><${Bar} share=${share} label=${`Share of ${client}`} /><span class="quiet small">${percent(share)}</span></td>
        <td>${keys.length === 0 ? html`<span class="quiet">–</span>` : keys.map((key) => html`<div key=${key.id} class="small"><span class="mono">${key.id}</span> <span class="quiet">${limitsOf(key)}</span></div>`)}</td></tr>`)}<//>`}<//><//>`;
}

function limitsOf({ ratePerSecond, maxInFlight }) {
  const parts = [...(ratePerSecond === null ? [] : [`${count(ratePerSecond)} requests a second`]), ...(maxInFlight === null ? [] : [`${count(maxInFlight)} in flight`])];
  return parts.length === 0 ? 'no limit' : parts.join(', ');
}
