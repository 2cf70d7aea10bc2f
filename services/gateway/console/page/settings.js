import { useState } from 'preact/hooks';
import { shown } from './setting-value.js';
import { ago } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Empty, Head, Panel, State } from './parts.js';
import { href } from './router.js';
import { History } from './setting-history.js';
import { Setting } from './setting.js';

const LOOK_MS = 5_000;

/** Every setting, what runs, and who changed what. */
export function Settings({ parts: [name], mayOperate }) {
  return name === undefined ? html`<${All} mayOperate=${mayOperate} />` : html`<${Setting} key=${name} name=${name} mayOperate=${mayOperate} />`;
}

function All({ mayOperate }) {
  useTitle('Settings');
  const [text, setText] = useState('');
  const [which, setWhich] = useState('live');
  const asked = useAsk('/api/v1/settings', LOOK_MS);
  const history = useAsk('/api/v1/settings/history?limit=20', LOOK_MS);
  const reload = async () => void (await Promise.all([asked.reload(), history.reload()]));
  const meant = (row) => (which === 'all' || (which === 'live' ? row.live : row.changed !== null)) && `${row.name} ${row.variable} ${row.meaning}`.toLowerCase().includes(text.toLowerCase());
  return html`<${Head} title="Settings" actions=${html`<input type="search" data-search class="id" aria-label="Name or meaning" placeholder="Name or meaning ( / )" value=${text} onInput=${(event) => setText(event.target.value)} />
      <select aria-label="Which settings" value=${which} onChange=${(event) => setWhich(event.target.value)}><option value="live">Can change now</option><option value="changed">Changed</option><option value="all">All</option></select>`}>
      What can change while Sluice runs is on every node within two seconds; the rest is set in the environment.<//>
    <${Asked} of=${history} lines=${2}>${({ content }) => html`<${History} content=${content} mayOperate=${mayOperate} after=${reload} />`}<//>
    <${Asked} of=${asked} lines=${10}>${({ settings }) => {
      const rows = settings.filter(meant);
      const groups = [...new Set(rows.map(({ group }) => group))];
      return rows.length === 0 ? html`<${Panel}><${Empty} title="No such setting" sign="⌕">${which === 'all' ? 'Try another word.' : 'Try another word, or look among all settings.'}<//><//>`
        : groups.map((group) => html`<${Panel} key=${group} title=${group} flush><ul class="settings">${rows.filter((row) => row.group === group).map((row) => html`<${Row} key=${row.name} row=${row} />`)}</ul><//>`);
    }}<//>`;
}

function Row({ row }) {
  const { name, meaning, live, changed } = row;
  return html`<li><a href=${href('settings', name)} data-row class="mono">${name}</a><b class="value">${shown(row)}</b>
    <span class="quiet">${meaning}</span><span class="flags">${changed !== null && html`<${State} of="changed" tone="busy" /><span class="quiet small">${ago(changed.at)} by ${changed.who}</span>`}${!live && html`<span class="quiet small">at the start only</span>`}</span></li>`;
}
