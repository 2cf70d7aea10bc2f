import { useState } from 'preact/hooks';
import { Batch } from './batch.js';
import { BatchActions } from './batch-actions.js';
import { ago, brief, count, percent, rate, shortId, time } from './format.js';
import { useAsk, useStore, useTitle } from './hooks.js';
import { html } from './html.js';
import { live } from './live.js';
import { Asked, Bar, Empty, Head, Panel, State } from './parts.js';
import { go, href } from './router.js';

const LOOK_MS = 2_000;
const PAGE = 50;
const CHOICES = [['', 'All states'], ['RECEIVING,READY,RUNNING,PAUSED,CANCELLING', 'At work'], ['PAUSED', 'Paused'], ['COMPLETED', 'Completed'], ['FAILED', 'Failed'], ['CANCELLED', 'Cancelled']];
const TONES = { COMPLETED: 'good', FAILED: 'bad', CANCELLED: 'plain', PAUSED: 'paused' };

const isOver = (state) => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(state);

/** Large batches, or one of them. */
export function Batches({ parts: [batchId], mayOperate }) {
  return batchId === undefined ? html`<${List} mayOperate=${mayOperate} />` : html`<${Batch} batchId=${batchId} mayOperate=${mayOperate} />`;
}

function List({ mayOperate }) {
  useTitle('Batches');
  const [states, setStates] = useState('');
  const [cursors, setCursors] = useState([]);
  const query = new URLSearchParams({ limit: String(PAGE), ...(states === '' ? {} : { state: states }), ...(cursors.length === 0 ? {} : { cursor: cursors.at(-1) }) });
  const asked = useAsk(`/api/v1/batches?${query}`, LOOK_MS);
  const { snapshot } = useStore(live);
  const now = new Map(snapshot?.batches?.map((batch) => [batch.batchId, batch]));
  const search = (event) => {
    event.preventDefault();
    const id = new FormData(event.target).get('id').trim();
    if (id !== '') go('batches', id);
  };
  return html`<${Head} title="Batches" actions=${html`<form onSubmit=${search} role="search"><input name="id" type="search" data-search aria-label="Id of a batch" placeholder="Id of a batch ( / )" class="id" /></form>
      <select aria-label="States" value=${states} onChange=${(event) => { setCursors([]); setStates(event.target.value); }}>${CHOICES.map(([value, label]) => html`<option key=${label} value=${value}>${label}</option>`)}</select>`}>
      Large batches, newest first.<//>
    <${Panel} flush><${Asked} of=${asked} lines=${8}>${({ content, next }) => content.length === 0 ? html`<${Empty} title=${states === '' ? 'No large batch yet' : 'None in this state'}>${states === '' ? html`Send one: <code>curl -T items.ndjson -H 'Content-Type: application/x-ndjson' ${location.origin}/api/v1/batches/executions -X POST</code>` : 'Choose another state above to see the others.'}<//>` : html`
      <ul class="batches">${content.map((batch) => html`<${Row} key=${batch.batchId} batch=${batch} now=${now.get(batch.batchId)} mayOperate=${mayOperate} after=${asked.reload} />`)}</ul>
      ${(next !== null || cursors.length > 0) && html`<div class="pager"><button type="button" disabled=${cursors.length === 0} onClick=${() => setCursors(cursors.slice(0, -1))}>Newer</button><button type="button" disabled=${next === null} onClick=${() => setCursors([...cursors, next])}>Older</button></div>`}`}
    <//><//>`;
}

/** A batch in the list; while it runs with what the live state says of it. */
function Row({ batch, now, mayOperate, after }) {
  const { batchId, kind, state, createdAt, finishedAt, rejected, written, errorCode, priority, tags } = batch;
  const progress = now?.progress ?? batch.progress;
  const done = now?.written ?? written;
  const bad = now?.rejected ?? rejected;
  // What is staged, or still comes in, is not written yet for all that is known here.
  const word = state === 'READY' ? 'staged' : state === 'RECEIVING' ? 'taken in' : 'written';
  const share = state === 'COMPLETED' ? 1 : state === 'READY' ? 0 : isOver(state) ? (progress.share ?? 0) : progress.share;
  return html`<li>
    <div class="batch-line"><a class="mono" href=${href('batches', batchId)} data-row title=${batchId}>${shortId(batchId)}</a><span>${kind}</span><${State} of=${state} />
      ${priority !== 'normal' && html`<span class="tag">${priority}</span>`}${tags.map((tag) => html`<span key=${tag} class="tag">${tag}</span>`)}
      <span class="quiet small when">${finishedAt === null ? `begun ${ago(createdAt)}` : time(finishedAt)}</span></div>
    <${Bar} share=${share} failed=${progress.total ? bad / progress.total : 0} label=${`Batch ${batchId}`} tone=${TONES[state] ?? ''} />
    <div class="batch-line small"><span>${count(done)} ${word}</span>${bad > 0 && html`<span class="fault">${count(bad)} rejected</span>`}
      <span class="quiet">${progress.total === null ? (progress.share === null ? 'of an unknown number' : `${percent(progress.share)} of its bytes`) : `of ${brief(progress.total)}`}${state === 'READY' ? ' · waits for its start' : progress.total !== null && finishedAt === null ? ` · ${percent(progress.share)}` : ''}${state !== 'READY' && state !== 'PAUSED' && now?.rate ? ` · ${rate(now.rate)}/s` : ''}${now?.predictedFinish ? ` · done at ${time(now.predictedFinish)}` : ''}${errorCode === null ? '' : ` · ${errorCode}`}</span>
      ${mayOperate && html`<span class="row-actions"><${BatchActions} batch=${batch} after=${after} small /></span>`}</div>
  </li>`;
}
