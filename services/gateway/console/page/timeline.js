import { count, span, time } from './format.js';
import { html } from './html.js';
import { State } from './parts.js';
import { href } from './router.js';

/** The way of one item as a line of steps, from its request to where it is now. */
export function Timeline({ receipt }) {
  const steps = stepsOf(receipt);
  return html`<div class="timeline"><p class="batch-line"><${State} of=${receipt.status} />${receipt.id !== undefined && html`<b>${receipt.kind} ${receipt.id}</b>`}<span class="quiet">item ${count(receipt.index)} of <a class="mono" href=${href('batches', receipt.batchId)}>${receipt.batchId}</a></span>${receipt.clientReference && html`<span class="tag">${receipt.clientReference}</span>`}</p>
    <ol>${steps.map((step, i) => html`<li key=${i} class=${step.tone}><span class="dot" aria-hidden="true"></span><div class="when"><span>${step.at === undefined ? '' : time(step.at)}</span><span class="quiet small">${later(steps, i)}</span></div>
      <div><p><b>${step.title}</b> ${step.state && html`<${State} of=${step.state} />`}</p>${step.lines.filter(Boolean).map((line, k) => html`<p key=${k} class="quiet">${line}</p>`)}</div></li>`)}</ol></div>`;
}

/** How long after the step before. */
function later(steps, i) {
  const before = steps.slice(0, i).findLast(({ at }) => at !== undefined)?.at;
  const { at } = steps[i];
  if (before === undefined || at === undefined) return '';
  const seconds = (new Date(at) - new Date(before)) / 1_000;
  return seconds < 0 ? '' : `+${seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : span(seconds)}`;
}

function stepsOf(receipt) {
  const steps = [{ title: 'Taken in', at: receipt.acceptedAt, tone: 'good', lines: [] }];
  if (receipt.withdrawn) steps.push({ title: 'Withdrawn', tone: 'bad', lines: ['It was not written, and never will be: it is safe to send it again.'] });
  else if (receipt.status === 'FAILED') steps.push({ title: 'Rejected', tone: 'bad', lines: (receipt.errors ?? []).map(({ pointer, message }) => html`<span class="mono">${pointer}</span> ${message}`) });
  else if (receipt.written === undefined) steps.push({ title: 'Waits to be written', tone: 'busy', lines: [] });
  if (receipt.written) {
    const { op, at, node, version, slice } = receipt.written;
    steps.push({ title: op === 'insert' ? 'Written' : `Written (${op})`, at, tone: 'good', lines: [html`version ${version}, by <span class="mono">${node}</span>`, `with items ${count(slice.firstIndex)} to ${count(slice.firstIndex + slice.span - 1)} of its batch, in one statement`] });
  }
  for (const delivery of receipt.delivery ?? []) steps.push(...deliverySteps(delivery));
  for (const change of receipt.changes ?? []) {
    steps.push({ title: `Changed to version ${change.version}`, at: change.at, tone: 'good', lines: [html`by batch <a class="mono" href=${href('receipts', change.batchId)}>${change.batchId}</a>, on <span class="mono">${change.node}</span>`] });
    for (const delivery of change.delivery) steps.push(...deliverySteps(delivery));
  }
  if (receipt.moreChanges) steps.push({ title: 'And more changes', tone: 'plain', lines: [] });
  return steps;
}

const TONES = { delivered: 'good', waiting: 'busy', dead: 'bad', superseded: 'plain', discarded: 'plain' };

function deliverySteps(delivery) {
  const { sink, state, topic, partition, offset, at, attempts, tries = [], waiting, deadLetter, replays = [], supersededBy } = delivery;
  return [
    ...tries.map((one) => ({ title: `Refused by ${sink}`, at: one.at, tone: 'bad', lines: [one.code] })),
    {
      title: sink, state, at: state === 'dead' ? deadLetter?.lastFailedAt : (at ?? undefined), tone: TONES[state] ?? 'plain',
      lines: [
        topic !== null && topic !== undefined && html`topic <span class="mono">${topic}</span>${partition === null ? '' : `, partition ${partition}`}${offset === null ? '' : `, offset ${count(offset)}`}`,
        waiting && html`${waiting.detail}${waiting.nextAttemptAt ? ` Next try ${time(waiting.nextAttemptAt)}.` : ''}`,
        state === 'superseded' && (supersededBy === null ? 'The record is gone; there was nothing to send any more.' : `Version ${supersededBy} was sent in its place.`),
        attempts > 0 && `${count(attempts)} sends were refused`,
        deadLetter && html`<a href=${href('letters', deadLetter.id)}>Dead letter ${deadLetter.id}</a>: ${deadLetter.code}, ${deadLetter.reason}`,
      ],
    },
    ...replays.map((replay) => ({ title: `Replayed to ${sink}`, state: replay.state, at: replay.releasedAt, tone: TONES[replay.state] ?? 'plain', lines: [replay.offset !== null && `offset ${count(replay.offset)}`] })),
  ];
}
