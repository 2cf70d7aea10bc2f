import { ask } from './api.js';
import { confirm } from './dialog.js';
import { brief, count, span } from './format.js';
import { useAsk } from './hooks.js';
import { html } from './html.js';
import { Asked, Panel, State, Table } from './parts.js';

const LOOK_MS = 3_000;
const titleOf = (queue) => (queue === 'requests' ? 'requests' : `lane ${queue}`);

/** What takes new work in: requests, and the lanes of large batches; each to be paused and resumed. */
export function Queues({ mayOperate }) {
  const asked = useAsk('/api/v1/queues', LOOK_MS);
  return html`<${Panel} title="Queues" note="what takes new work in" flush><${Asked} of=${asked} lines=${4}>${({ queues }) => html`<${Table} label="Queues" head=${['Queue', 'State', { name: 'under way', class: 'n' }, { name: 'in flight', class: 'n' }, { name: 'items wait', class: 'n' }, { name: 'oldest', class: 'n' }, ...(mayOperate ? [''] : [])]}>
    ${queues.map(({ queue, paused, underway, inFlight, waiting, oldestS }) => html`<tr key=${queue}><td>${titleOf(queue)}</td><td><${State} of=${paused ? 'paused' : 'takes work'} tone=${paused ? 'warn' : 'good'} /></td><td class="n">${count(underway)}</td><td class="n">${brief(inFlight)}</td><td class="n">${brief(waiting)}</td><td class="n">${oldestS === null ? '–' : span(oldestS)}</td>
      ${mayOperate && html`<td class="n"><button type="button" class="small" onClick=${() => askToMove(queue, !paused, asked.reload)}>${paused ? 'Resume…' : 'Pause…'}<span class="sr"> ${titleOf(queue)}</span></button></td>`}</tr>`)}<//>`}<//><//>`;
}

/** Asks whether to pause a queue, or to resume it. */
function askToMove(queue, pause, after) {
  const path = `/api/v1/queues/${queue}/${pause ? 'pause' : 'resume'}`;
  const what = queue === 'requests' ? 'New requests are' : `New uploads of the lane ${queue} are`;
  confirm({
    title: pause ? 'Pause the queue?' : 'Resume the queue?', action: pause ? 'Pause it' : 'Resume it', danger: pause, fields: [{ name: 'why', label: 'Why', hint: 'kept in the settings\' history' }],
    preview: async () => {
      const { from, to } = await ask(path, { method: 'POST', body: { dryRun: true } });
      return html`<p>Paused: <span class="fromto"><span>${from.join(', ') || 'none'}</span> → <b>${to.join(', ') || 'none'}</b></span></p><p>${pause ? `${what} refused with 503 and Retry-After, on every edge, until it is resumed; what is in work is finished.${queue === 'requests' ? '' : ' Staged chunks stay where they are.'}` : 'New work is taken in again.'}</p>`;
    },
    run: async ({ why = '' }) => {
      await ask(path, { method: 'POST', body: why.trim() === '' ? {} : { why: why.trim() } });
      await after();
      return `The queue ${titleOf(queue)} ${pause ? 'is paused' : 'takes work again'}.`;
    },
  });
}
