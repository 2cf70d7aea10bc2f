import { ask } from './api.js';
import { confirm } from './dialog.js';
import { count, shortId } from './format.js';
import { html } from './html.js';
import { State } from './parts.js';

/** What can be asked of a batch in each state. */
const ALLOWED = { RECEIVING: ['pause', 'cancel'], READY: ['start', 'cancel'], RUNNING: ['pause', 'cancel'], PAUSED: ['resume', 'cancel'] };

const ACTIONS = {
  start: { label: 'Start', done: 'started', leads: () => 'RUNNING', says: (left) => `${left} will be carried out.` },
  pause: { label: 'Pause', done: 'paused', leads: () => 'PAUSED', says: (left) => `What is under way is finished; ${left} wait until the batch is resumed. Its deadline goes on.` },
  resume: { label: 'Resume', done: 'resumed', leads: () => 'as before the pause', says: (left) => `${left} go on where the batch was paused.` },
  cancel: { label: 'Cancel the batch', done: 'being cancelled', leads: () => 'CANCELLED', danger: true, says: (left) => `${left} will never be written. What is written already stands, and is delivered. This cannot be taken back.` },
};

/** The actions that a batch's state allows. @param {string} state */
export const actionsFor = (state) => ALLOWED[state] ?? [];

/**
 * Asks whether to do it, and does it.
 * @param {'start' | 'pause' | 'resume' | 'cancel'} name
 * @param {{ batchId: string, kind: string }} batch
 * @param {() => Promise<void>} after
 */
export function askFor(name, { batchId, kind }, after) {
  const { label, done, leads, says, danger } = ACTIONS[name];
  confirm({
    title: `${label}?`, action: label, danger: danger === true,
    // As it is now, not as it was when the list was made.
    preview: async () => {
      const now = await ask(`/api/v1/batches/${batchId}`);
      if (!actionsFor(now.state).includes(name)) throw new Error(`The batch is ${now.state} by now; that cannot be done any more.`);
      const left = now.progress.total === null ? 'Items that are still to come' : `${count(now.pending)} items that are left`;
      return html`<p><span class="mono">${shortId(batchId)}</span> · ${kind} · <${State} of=${now.state} /> → <${State} of=${leads()} /></p>
        <p>${count(now.written)} written, ${count(now.rejected)} rejected so far.</p><p>${says(left)}</p>`;
    },
    run: async () => {
      await ask(`/api/v1/batches/${batchId}/${name}`, { method: 'POST' });
      await after();
      return `Batch ${shortId(batchId)} is ${done}.`;
    },
  });
}

/** The buttons of a batch. */
export function BatchActions({ batch, after, small = false }) {
  return actionsFor(batch.state).map((name) => html`<button key=${name} type="button" class=${small ? 'small' : ''} onClick=${(event) => { event.stopPropagation(); askFor(name, batch, after); }}>${name === 'cancel' ? 'Cancel' : ACTIONS[name].label}<span class="sr"> batch ${batch.batchId}</span></button>`);
}
