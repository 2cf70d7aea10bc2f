import { useState } from 'preact/hooks';
import { ask } from './api.js';
import { confirm } from './dialog.js';
import { count } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Facts, Head, Panel, State } from './parts.js';
import { href } from './router.js';
import { History } from './setting-history.js';
import { boundsOf, shown } from './setting-value.js';

const LOOK_MS = 3_000;

/** One setting: its value on each node, its history, and how to change it. */
export function Setting({ name, mayOperate }) {
  useTitle(name);
  const path = `/api/v1/settings/${encodeURIComponent(name)}`;
  const asked = useAsk(path, LOOK_MS);
  const history = useAsk(`/api/v1/settings/history?setting=${encodeURIComponent(name)}`, LOOK_MS);
  const reload = async () => void (await Promise.all([asked.reload(), history.reload()]));
  return html`<${Head} title=${html`<a class="quiet" href=${href('settings')}>Settings</a> <span class="quiet">/</span> <span class="mono">${name}</span>`}>${asked.data?.meaning}<//>
    <${Asked} of=${asked} lines=${6}>${(row) => html`
      <${Panel}><div class="setting-head"><div><b class="big">${shown(row)}</b>${row.changed !== null && html` <${State} of="changed" tone="busy" />`}</div>
        ${mayOperate && row.live && html`<${Change} key=${String(row.value)} row=${row} path=${path} after=${reload} />`}</div>
        <${Facts} of=${[['Variable', html`<span class="mono small">${row.variable}</span>`], ['Default', shown({ ...row, value: row.default })], ['Takes', boundsOf(row)], ['Can change', row.live ? 'now, on every node' : 'at the start only']]} /><//>
      ${row.nodes && html`<${Panel} title="What each node runs"><ul class="runs">${row.nodes.map(({ node, value }) => html`<li key=${node}><span class="clip" title=${node}>${node}</span><b>${value === null ? '–' : shown({ ...row, value })}</b>${value !== null && value !== row.value && html`<${State} of="not yet" tone="warn" />`}</li>`)}</ul>${row.silent.length > 0 && html`<p class="fault">Did not answer: ${row.silent.join(', ')}</p>`}<//>`}`}<//>
    <${Asked} of=${history} lines=${2}>${({ content }) => html`<${History} content=${content} mayOperate=${mayOperate} after=${reload} />`}<//>`;
}

function Change({ row, path, after }) {
  const [value, setValue] = useState(String(row.value));
  const { bounds, unit } = row;
  const submit = (event) => {
    event.preventDefault();
    confirm({
      title: `Change ${row.name}?`, action: 'Change it', fields: [{ name: 'why', label: 'Why', hint: 'kept in the history' }, { name: 'guard', label: 'Take it back by itself if it makes things worse within', hint: '10m' }],
      preview: async () => planOf(row, await ask(path, { method: 'PUT', body: { value: value.trim(), dryRun: true } })),
      run: async ({ why = '', guard = '' }) => {
        const { change } = await ask(path, { method: 'PUT', body: { value: value.trim(), ...(why.trim() === '' ? {} : { why: why.trim() }), ...(guard.trim() === '' ? {} : { guard: guard.trim() }) } });
        await after();
        return `${row.name} is changed (change ${change})${guard.trim() === '' ? '' : `, and watched for ${guard.trim()}`}.`;
      },
    });
  };
  const choices = typeof row.default === 'boolean' ? ['true', 'false'] : bounds !== null && 'choices' in bounds ? bounds.choices : null;
  return html`<form class="change" onSubmit=${submit}><label><span class="sr">New value of ${row.name}</span>
      ${choices === null ? html`<input name="value" value=${value} inputmode=${unit === null ? 'text' : 'decimal'} autocomplete="off" onInput=${(event) => setValue(event.target.value)} />` : html`<select value=${value} onChange=${(event) => setValue(event.target.value)}>${choices.map((choice) => html`<option key=${choice} value=${choice}>${choice}</option>`)}</select>`}</label>
    ${unit !== null && unit !== 'count' && html`<span class="quiet">${unit}</span>`}<button type="submit" class="primary" disabled=${value.trim() === String(row.value) || value.trim() === ''}>Change…</button></form>`;
}

function planOf(row, { from, to, nodes, silent }) {
  return html`<p class="fromto"><span>${shown({ ...row, value: from })}</span> → <b>${shown({ ...row, value: to })}</b></p>
    <p>On ${count(nodes.length)} nodes, within two seconds: <span class="quiet">${nodes.map(({ node }) => node).join(', ')}</span></p>
    ${silent.length > 0 && html`<p class="fault">Do not answer now, and follow when they do: ${silent.join(', ')}</p>`}`;
}
