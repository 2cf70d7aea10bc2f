import { count, time } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { askDiscard, askReplay } from './letter-actions.js';
import { Asked, Facts, Head, Panel, State } from './parts.js';
import { href } from './router.js';

const LOOK_MS = 3_000;

/** All that is known of one dead letter: why, what was sent, where it came from. */
export function Letter({ id, mayOperate }) {
  useTitle('Dead letter');
  const asked = useAsk(`/api/v1/dead-letters/${encodeURIComponent(id)}`, LOOK_MS);
  const { data } = asked;
  const title = html`<a class="quiet" href=${href('letters')}>Dead letters</a> <span class="quiet">/</span> ${id}`;
  const selection = { ids: [Number(id)] };
  return html`<${Head} title=${title} actions=${data?.state === 'dead' && mayOperate && html`<button type="button" onClick=${() => askReplay(selection, `letter ${id}`, asked.reload)}>Replay…</button><button type="button" onClick=${() => askDiscard(selection, `letter ${id}`, asked.reload)}>Discard…</button>`}>
      ${data && html`<${State} of=${data.state} /> ${data.kind} ${data.recordId}, version ${data.version} → ${data.sink}`}<//>
    <${Asked} of=${asked} lines=${8}>${(letter) => html`
      <${Panel} title="Why"><p><span class="mono">${letter.code}</span> ${letter.reason}</p>
        <ol class="tries">${letter.tries.map(({ at, code }, i) => html`<li key=${i}><span class="quiet">${time(at)}</span> <span class="mono small">${code}</span></li>`)}</ol><//>
      <div class="columns two">
        <${Panel} title="Where it came from" actions=${letter.provenance.index !== null && html`<a href=${href('receipts', letter.provenance.batchId, letter.provenance.index)}>Its receipt</a>`}><${Facts} wide of=${[
          ['Batch', html`<a class="mono small" href=${href('receipts', letter.provenance.batchId)}>${letter.provenance.batchId}</a>`], ['Item', letter.provenance.index === null ? null : count(letter.provenance.index)], ['Client', letter.provenance.client], ['Client reference', letter.provenance.clientReference],
          ['Written', time(letter.provenance.writtenAt)], ['By', letter.provenance.node], ['Operation', letter.provenance.op],
        ]} /><//>
        <${Panel} title="Where it was to go"><${Facts} wide of=${[
          ['Topic', letter.topic], ['Partition', letter.partition], ['Tries', letter.attempts], ['Replays', letter.replays], ['First refused', time(letter.firstFailedAt)], ['Last refused', time(letter.lastFailedAt)], ['Mirrored', letter.mirroredAt && time(letter.mirroredAt)],
          ['Closed', letter.closedAt && `${time(letter.closedAt)} by ${letter.closedBy ?? 'Sluice'}${letter.closedReason ? `: ${letter.closedReason}` : ''}`],
        ]} /><//>
      </div>
      ${letter.waitingBehind.length > 0 && html`<${Panel} title="What waits behind it" note="later events of the same record"><ul>${letter.waitingBehind.map(({ version, writtenAt }) => html`<li key=${version}>version ${version}, written ${time(writtenAt)}</li>`)}</ul>${letter.moreWaiting && html`<p class="quiet small">And more.</p>`}<//>`}
      <${Panel} title="The message, as it was sent last"><pre tabindex="0" aria-label="Payload">${pretty(letter.payload)}</pre>
        ${letter.headers && html`<${Facts} wide of=${Object.entries(letter.headers).map(([name, value]) => [name, html`<span class="mono small">${value}</span>`])} />`}<//>`}
    <//>`;
}

/** Set out for reading; what is no JSON as it is. Numbers keep their digits: it is not parsed. */
function pretty(payload) {
  const parts = payload.split(/("(?:[^"\\]|\\.)*")/);
  return parts.map((part, i) => (i % 2 === 1 ? part : part.replaceAll(',', ',\n  ').replace(/^\{/, '{\n  ').replace(/\}$/, '\n}').replaceAll(':', ': '))).join('');
}
