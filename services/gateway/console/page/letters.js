import { count, many, shortId, time } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { askDiscard, askReplay, askStop } from './letter-actions.js';
import { Letter } from './letter.js';
import { Asked, Bar, Empty, Head, Panel, State, Table } from './parts.js';
import { go, href } from './router.js';

const LOOK_MS = 3_000;
const PAGE = 50;

/** Messages that their sink refused: by cause, those of one cause, or one of them. */
export function Letters({ parts: [first, fingerprint, sink], mayOperate }) {
  if (first === undefined) return html`<${Groups} mayOperate=${mayOperate} />`;
  return first === 'group' ? html`<${Group} fingerprint=${fingerprint} sink=${sink} mayOperate=${mayOperate} />` : html`<${Letter} id=${first} mayOperate=${mayOperate} />`;
}

function Groups({ mayOperate }) {
  useTitle('Dead letters');
  const groups = useAsk('/api/v1/dead-letters/groups', LOOK_MS);
  const replays = useAsk('/api/v1/dead-letters/replays?limit=10', LOOK_MS);
  const reload = async () => void (await Promise.all([groups.reload(), replays.reload()]));
  return html`<${Head} title="Dead letters">Messages that their sink refused for good. Nothing of them is lost: mend the cause, then replay.<//>
    <${Asked} of=${groups} lines=${6}>${({ content }) => content.length === 0 ? html`<${Panel}><${Empty} title="No dead letters" sign="✓">Every message was taken by its sink, or is still on its way.<//><//>` : html`<ul class="groups">${content.map((group) => html`<${Cause} key=${group.sink + group.fingerprint} group=${group} mayOperate=${mayOperate} after=${reload} />`)}</ul>`}<//>
    <${Asked} of=${replays} lines=${3}>${({ content }) => content.length > 0 && html`<${Panel} title="Replays"><ul class="replays">${content.map((replay) => html`<li key=${replay.id}>
      <div class="batch-line"><span class="mono" title=${replay.id}>${shortId(replay.id)}</span><${State} of=${replay.state} tone=${replay.state === 'running' ? 'busy' : replay.state === 'done' ? 'good' : 'plain'} /><span>to ${replay.sink}</span><span class="quiet small when">${time(replay.requestedAt)} by ${replay.requestedBy}</span></div>
      <${Bar} share=${replay.total === 0 ? 1 : replay.released / replay.total} label=${`Replay ${replay.id}`} tone=${replay.state === 'done' ? 'good' : ''} />
      <div class="batch-line small"><span>${count(replay.released)} of ${count(replay.total)} released, ${count(replay.rate)} a second at most</span>${mayOperate && replay.state === 'running' && html`<span class="row-actions"><button type="button" class="small" onClick=${() => askStop(replay, reload)}>Stop</button></span>`}</div></li>`)}</ul><//>`}<//>`;
}

/** All dead letters of one cause. */
function Cause({ group, mayOperate, after }) {
  const { sink, fingerprint, code, reason, kinds, dead, replaying, firstFailedAt, lastFailedAt, example } = group;
  const selection = { filter: { sink, fingerprint } };
  return html`<li class="panel group"><div class="batch-line"><b class="big">${count(group.count)}</b><a class="mono" href=${href('letters', 'group', fingerprint, sink)} data-row>${code}</a><span class="quiet">${kinds.join(', ')} → ${sink}</span>
      ${replaying > 0 && html`<${State} of=${`${count(replaying)} replaying`} tone="busy" />`}
      ${mayOperate && dead > 0 && html`<span class="row-actions"><button type="button" class="small" onClick=${() => askReplay(selection, code, after)}>Replay…</button><button type="button" class="small" onClick=${() => askDiscard(selection, code, after)}>Discard…</button></span>`}</div>
    <p>${reason}</p>
    <p class="quiet small">first ${time(firstFailedAt)} · last ${time(lastFailedAt)} · for example <a href=${href('letters', example.id)}>record ${example.recordId}</a></p></li>`;
}

function Group({ fingerprint, sink, mayOperate }) {
  useTitle('Dead letters');
  const query = new URLSearchParams({ fingerprint, ...(sink === undefined ? {} : { sink }), limit: String(PAGE) });
  const asked = useAsk(`/api/v1/dead-letters?${query}`, LOOK_MS);
  const first = asked.data?.content[0];
  const selection = { filter: { fingerprint, ...(sink === undefined ? {} : { sink }) } };
  const title = html`<a class="quiet" href=${href('letters')}>Dead letters</a> <span class="quiet">/</span> <span class="mono">${first?.code ?? fingerprint}</span>`;
  return html`<${Head} title=${title} actions=${mayOperate && html`<button type="button" onClick=${() => askReplay(selection, first?.code ?? 'this cause', asked.reload)}>Replay…</button><button type="button" onClick=${() => askDiscard(selection, first?.code ?? 'this cause', asked.reload)}>Discard…</button>`}>${first?.reason}<//>
    <${Panel} flush><${Asked} of=${asked} lines=${8}>${({ content, next }) => content.length === 0 ? html`<${Empty} title="None of this cause" sign="✓">They were delivered, discarded, or superseded.<//>` : html`
      <${Table} label="Dead letters" head=${[{ name: 'Letter', class: 'n' }, 'State', 'Record', { name: 'version', class: 'n' }, 'Partition', { name: 'tries', class: 'n' }, { name: 'replays', class: 'n' }, 'Last refused']}>${content.map((letter) => html`<tr key=${letter.id} data-row tabindex="0" onClick=${() => go('letters', letter.id)} onKeyDown=${(event) => event.key === 'Enter' && go('letters', letter.id)}>
        <td class="n"><a href=${href('letters', letter.id)} tabindex="-1">${letter.id}</a></td><td><${State} of=${letter.state} /></td><td>${letter.kind} ${letter.recordId}</td><td class="n">${letter.version}</td><td class="quiet">${letter.partition ?? '–'}</td><td class="n">${letter.attempts}</td><td class="n">${letter.replays}</td><td class="quiet">${time(letter.lastFailedAt)}</td></tr>`)}<//>
      ${next !== null && html`<p class="pager quiet small">The newest ${many(PAGE, 'letter')}; there are more.</p>`}`}<//><//>`;
}
