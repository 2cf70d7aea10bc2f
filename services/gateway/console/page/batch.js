import { BatchActions } from './batch-actions.js';
import { ErrorGroups } from './error-groups.js';
import { brief, bytes, count, exactly, ms, NONE, percent, rate, span, time } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Bar, Facts, Head, Panel, State, Table } from './parts.js';
import { href } from './router.js';

const LOOK_MS = 1_000;
const TONES = { COMPLETED: 'good', FAILED: 'bad', PAUSED: 'paused' };

/** One batch: how far it is, when it will be done, what went wrong. */
export function Batch({ batchId, mayOperate }) {
  useTitle('Batch');
  const asked = useAsk(`/api/v1/batches/${encodeURIComponent(batchId)}`, LOOK_MS);
  const { data } = asked;
  const title = html`<a class="quiet" href=${href('batches')}>Batches</a> <span class="quiet">/</span> <span class="mono">${batchId}</span>`;
  return html`<${Head} title=${title} actions=${data && mayOperate && html`<${BatchActions} batch=${data} after=${asked.reload} />`}>${data && html`<${State} of=${data.state} /> ${data.kind}${data.priority ? ` · ${data.priority} priority · parallelism ${data.parallelism}` : ''}`}<//>
    <${Asked} of=${asked} lines=${8}>${(batch) => html`
      ${batch.errorMessage && html`<div class="verdict stuck" role="status"><span class="sign" aria-hidden="true">✕</span><p><b>${batch.errorCode}</b> ${batch.errorMessage}</p></div>`}
      ${batch.progress && html`<${Progress} batch=${batch} />`}
      <div class="columns two"><${Counts} batch=${batch} /><${Delivery} batch=${batch} /></div>
      <${Panel} title="Errors" note=${batch.rejected > 0 ? `${count(batch.rejected)} items were rejected` : undefined} actions=${html`<a href=${href('receipts', batchId)}>Receipts of its items</a>`}>
        ${batch.rejected > 0 ? html`<${ErrorGroups} key=${batchId} batchId=${batchId} />` : html`<p class="quiet">None so far.</p>`}<//>
      ${batch.options && html`<${Panel} title="Options"><${Facts} of=${[
        ['Error policy', batch.options.errorPolicy], ['Tries after the first', batch.options.maxRetryAttempts], ['Checkpoint every', `${count(batch.options.checkpointInterval)} items`], ['Deadline', time(batch.options.deadlineAt)],
        ['Format', batch.format], ['Tags', batch.tags.join(', ')], ['Client reference', batch.clientReference], ['Retry of', batch.parent && html`<a href=${href('batches', batch.parent)}>${batch.parent}</a>`],
      ]} /><//>`}`}
    <//>`;
}

function Progress({ batch }) {
  const { progress, state, finishedAt, predictedFinish, predictedFinishBounds: bounds } = batch;
  const left = predictedFinish === null ? null : (new Date(predictedFinish) - Date.now()) / 1_000;
  const finish = finishedAt !== null ? html`<b>${time(finishedAt)}</b><span class="quiet">finished, after ${ms(batch.executionMetadata.executionDuration)}</span>`
    : predictedFinish !== null ? html`<b>${time(predictedFinish)}</b><span class="quiet">predicted finish, in ${span(Math.max(0, left))}${bounds?.latest ? ` (${time(bounds.earliest)} to ${time(bounds.latest)})` : ''}</span>`
      : html`<b>${NONE}</b><span class="quiet">no finish in sight${state === 'PAUSED' ? ' while it is paused' : ''}</span>`;
  return html`<section class="panel"><div class="progress-head"><div><b>${progress.share === null ? brief(progress.items) : percent(progress.share)}</b><span class="quiet">${count(progress.items)}${progress.total === null ? ' items so far' : ` of ${count(progress.total)} items`} · ${bytes(progress.bytes)}</span></div>
    <div><b>${rate(batch.rate)}</b><span class="quiet">items a second</span></div><div>${finish}</div></div>
    <${Bar} share=${state === 'COMPLETED' ? 1 : state === 'READY' ? 0 : progress.share} failed=${progress.total ? batch.rejected / progress.total : 0} label="Progress" tone=${`thick ${TONES[state] ?? ''}`} /></section>`;
}

function Counts({ batch }) {
  const { law, executionMetadata: meta } = batch;
  return html`<${Panel} title="Items" actions=${html`<span class="small">${law.items.holds ? html`<${State} of="accounted for" tone="good" />` : html`<${State} of="does not add up" tone="bad" />`}</span>`}>
    <dl class="tiles"><div><dt>accepted</dt><dd>${count(batch.accepted)}</dd></div><div><dt>written</dt><dd>${count(batch.written)}</dd></div><div><dt>rejected</dt><dd>${count(batch.rejected)}</dd></div><div><dt>withdrawn</dt><dd>${count(batch.withdrawn)}</dd></div><div><dt>pending</dt><dd>${count(batch.pending)}</dd></div></dl>
    <${Facts} of=${[['Received', time(batch.receivedAt)], ['Success', batch.executionResults && exactly(batch.executionResults.successRate)], ['Checkpoints', meta && count(meta.checkpointsCreated)], ['Parallelism achieved', meta?.parallelismAchieved]]} />
  <//>`;
}

function Delivery({ batch }) {
  const sinks = Object.entries(batch.delivery);
  return html`<${Panel} title="Delivery">${sinks.length === 0 ? html`<p class="quiet">Nothing of it is written yet.</p>` : html`<${Table} label="Delivery by sink" head=${['Sink', { name: 'delivered', class: 'n' }, { name: 'wait', class: 'n' }, { name: 'dead', class: 'n' }, { name: 'superseded', class: 'n' }]}>
    ${sinks.map(([sink, n]) => html`<tr key=${sink}><td>${sink}<${Bar} share=${n.due === 0 ? 0 : n.delivered / n.due} label=${`Delivered to ${sink}`} tone="good" /></td><td class="n">${count(n.delivered)}</td><td class="n">${count(n.waiting)}</td><td class="n">${count(n.dead)}</td><td class="n">${count(n.superseded)}</td></tr>`)}
  <//>`}<//>`;
}
