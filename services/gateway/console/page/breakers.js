import { ask } from './api.js';
import { confirm } from './dialog.js';
import { many } from './format.js';
import { useAsk } from './hooks.js';
import { html } from './html.js';
import { Asked, Empty, Panel, State } from './parts.js';

const LOOK_MS = 3_000;
/** What an open one keeps from happening. */
const OPEN_MEANS = { kafka: 'Nothing is delivered to Kafka; what is due waits in the ledger.', 'trade-service': 'No order is submitted; what is under way is asked for later.', admission: 'No writing request is let in (503); reading goes on.' };
const openMeans = (name) => OPEN_MEANS[name] ?? `Nothing is delivered to ${name}; what is due waits in the ledger.`;

/** Every breaker, to be opened and reset. `admission`: those of single pools, as the node that watches them tells. */
export function Breakers({ admission, mayOperate }) {
  const asked = useAsk('/api/v1/breakers', LOOK_MS);
  return html`<${Panel} title="Breakers"><${Asked} of=${asked} lines=${3}>${({ breakers }) => {
    const names = [...new Set(breakers.map(({ name }) => name))];
    return names.length === 0 ? html`<${Empty} title="No node tells of a breaker">Relays and edges have them; the admission breaker is a relay's.<//>` : html`<ul class="breakers plain">
      ${names.map((name) => html`<${Named} key=${name} name=${name} own=${breakers.filter((one) => one.name === name)} mayOperate=${mayOperate} after=${asked.reload} />`)}
      ${admission.filter(({ state }) => state !== 'closed').map(({ pools, state }) => html`<li key=${pools}><${State} of=${state} /><b>admission</b><span class="quiet clip" title=${pools}>${pools}</span></li>`)}</ul>`;
  }}<//><p class="quiet small">The admission breaker keeps writing requests out (503) while pools are used up; Kafka's lets what is written wait in the ledger.</p><//>`;
}

function Named({ name, own, mayOperate, after }) {
  const worst = ['open', 'half-open', 'closed'].find((state) => own.some((one) => one.state === state));
  const tripped = own.some((one) => one.tripped);
  const isOpen = worst !== 'closed';
  return html`<li><${State} of=${worst} /><b>${name}</b><span class="quiet clip">${tripped ? 'opened by hand' : many(own.length, 'node')}</span>
    ${mayOperate && html`<span class="row-actions"><button type="button" class="small" onClick=${() => askToMove(name, !isOpen, after)}>${isOpen ? 'Reset…' : 'Open…'}<span class="sr"> breaker ${name}</span></button></span>`}</li>`;
}

/** Asks whether to open a breaker, or to reset it. */
function askToMove(name, open, after) {
  const path = `/api/v1/breakers/${encodeURIComponent(name)}/${open ? 'trip' : 'reset'}`;
  confirm({
    title: open ? 'Open the breaker?' : 'Reset the breaker?', action: open ? 'Open it' : 'Reset it', danger: open, fields: [{ name: 'why', label: 'Why', hint: 'kept in the audit' }],
    preview: async () => {
      const { nodes, to } = await ask(path, { method: 'POST', body: { dryRun: true } });
      return html`<p><b>${name}</b> on ${many(nodes.length, 'node')}: ${[...new Set(nodes.map(({ from }) => from))].join(', ')} → <b>${to}</b></p><p>${open ? `${openMeans(name)} Until it is reset, or the node starts again.` : 'What is behind it is tried at once; if that fails, it opens again.'}</p>`;
    },
    run: async ({ why = '' }) => {
      await ask(path, { method: 'POST', body: why.trim() === '' ? {} : { why: why.trim() } });
      await after();
      return `The breaker ${name} is ${open ? 'open' : 'reset'}.`;
    },
  });
}
