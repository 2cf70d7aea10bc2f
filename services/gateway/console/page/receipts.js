import { useState } from 'preact/hooks';
import { count, shortId, time } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Empty, Head, Panel, State, Table } from './parts.js';
import { go, href } from './router.js';
import { Timeline } from './timeline.js';

const LOOK_MS = 3_000;
const PAGE = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Everything that is known of an item: looked for by batch and index, by record, or by the client's own reference. */
export function Receipts({ parts }) {
  useTitle('Receipts');
  const [first, second, third] = parts;
  const what = first === undefined ? null
    : first === 'record' ? { path: `recordId=${encodeURIComponent(third ?? '')}&kind=${encodeURIComponent(second ?? '')}`, title: `${second} ${third}` }
      : first === 'reference' ? { path: `clientReference=${encodeURIComponent(second ?? '')}`, title: `“${second}”`, list: true }
        : second === undefined ? { path: `batchId=${encodeURIComponent(first)}`, title: shortId(first), list: true }
          : { path: `batchId=${encodeURIComponent(first)}&index=${encodeURIComponent(second)}`, title: `item ${second} of ${shortId(first)}` };
  return html`<${Head} title="Receipts" actions=${html`<${Search} />`}>The whole way of an item: taken in, written, delivered, changed.<//>
    ${what === null ? html`<${Panel}><${Empty} title="Which item?" sign="⌕">Look for a record by its kind and id, as <code>execution 4711</code>; for an item by its batch and index, as <code>01a2…-7df 3</code>; for all of a batch by its id; or for a client reference.<//><//>`
      : what.list ? html`<${List} key=${what.path} what=${what} />` : html`<${One} key=${what.path} what=${what} />`}`;
}

/** One field for every way to name an item. */
function Search() {
  const [text, setText] = useState('');
  const search = (event) => {
    event.preventDefault();
    const [first = '', second, ...more] = text.trim().split(/[\s/]+/);
    if (first === '') return;
    if (UUID.test(first)) go('receipts', first, ...(second === undefined ? [] : [second]));
    else if (/^\d+$/.test(first) && second === undefined) go('receipts', 'record', 'execution', first);
    else if (/^\d+$/.test(second ?? '') && more.length === 0) go('receipts', 'record', first, second);
    else go('receipts', 'reference', text.trim());
  };
  return html`<form onSubmit=${search} role="search"><input type="search" data-search aria-label="Record, batch and index, or client reference" placeholder="Record, batch, reference ( / )" class="id" value=${text} onInput=${(event) => setText(event.target.value)} /></form>`;
}

function One({ what }) {
  const asked = useAsk(`/api/v1/receipts?${what.path}`, LOOK_MS);
  return html`<${Panel} title=${what.title}><${Asked} of=${asked} lines=${6}>${({ content }) => content.map((receipt) => html`<${Timeline} key=${receipt.index} receipt=${receipt} />`)}<//><//>`;
}

function List({ what }) {
  const [cursors, setCursors] = useState([]);
  const asked = useAsk(`/api/v1/receipts?${what.path}&limit=${PAGE}${cursors.length === 0 ? '' : `&cursor=${cursors.at(-1)}`}`, 0);
  return html`<${Panel} flush title=${what.title}><${Asked} of=${asked} lines=${8}>${({ content, next }) => content.length === 0 ? html`<${Empty} title="No items">Nothing of it is in the ledger yet.<//>` : html`
    <${Table} label="Receipts" head=${[{ name: 'Item', class: 'n' }, 'State', 'Record', 'Delivery', 'Taken in']}>${content.map((receipt) => html`<tr key=${receipt.batchId + receipt.index} data-row tabindex="0" onClick=${() => open(receipt)} onKeyDown=${(event) => event.key === 'Enter' && open(receipt)}>
      <td class="n"><a href=${href('receipts', receipt.batchId, receipt.index)} tabindex="-1">${count(receipt.index)}</a></td><td><${State} of=${receipt.status} /></td><td>${receipt.id === undefined ? html`<span class="fault small">${receipt.errors?.[0]?.message ?? ''}</span>` : `${receipt.kind} ${receipt.id}`}</td>
      <td>${(receipt.delivery ?? []).map(({ sink, state }) => html`<${State} key=${sink} of=${state} /> `)}</td><td class="quiet">${time(receipt.acceptedAt)}</td></tr>`)}<//>
    ${(next !== null || cursors.length > 0) && html`<div class="pager"><button type="button" disabled=${cursors.length === 0} onClick=${() => setCursors(cursors.slice(0, -1))}>Before</button><button type="button" disabled=${next === null} onClick=${() => setCursors([...cursors, next])}>More</button></div>`}`}<//><//>`;
}

function open({ batchId, index }) {
  go('receipts', batchId, index);
}
