import { useEffect, useState } from 'preact/hooks';
import { count } from './format.js';
import { html } from './html.js';
import { Failed, Loading, Table } from './parts.js';
import { href } from './router.js';

/** So many failed items are read; a batch may have millions. */
const MOST_READ = 5_000;

/** The failed items of a batch, those with the same fault together; read as they stream in. */
export function ErrorGroups({ batchId }) {
  const [state, setState] = useState({ groups: [], read: 0, over: false });
  useEffect(() => {
    const stop = new AbortController();
    const groups = new Map();
    let read = 0;
    const show = (more) => setState({ groups: [...groups.values()].sort((a, b) => b.count - a.count), read, over: false, ...more });
    (async () => {
      for await (const receipt of receiptsOf(`/api/v1/batches/${batchId}/items?status=FAILED`, stop.signal)) {
        for (const { pointer, code, message } of receipt.errors ?? []) {
          const key = `${pointer} ${code}`;
          const group = groups.get(key) ?? { key, pointer, code, message, count: 0, first: receipt.index, line: receipt.line };
          group.count++;
          groups.set(key, group);
        }
        if (++read % 500 === 0) show({});
        if (read >= MOST_READ) break;
      }
      show({ over: true, more: read >= MOST_READ });
    })().catch((error) => !stop.signal.aborted && show({ error, over: true })).finally(() => stop.abort());
    return () => stop.abort();
  }, [batchId]);
  if (state.error) return html`<${Failed} error=${state.error} />`;
  if (!state.over && state.groups.length === 0) return html`<${Loading} lines=${2} />`;
  if (state.groups.length === 0) return html`<p class="quiet">None of its items failed.</p>`;
  return html`<${Table} label="Errors, grouped" head=${[{ name: 'items', class: 'n' }, 'Field', 'Fault', 'First']}>
    ${state.groups.map((group) => html`<tr key=${group.key}><td class="n strong">${count(group.count)}</td><td class="mono">${group.pointer === '' ? '–' : group.pointer}</td><td><span class="mono small">${group.code}</span><br /><span class="quiet">${group.message}</span></td>
      <td><a href=${href('receipts', batchId, group.first)}>item ${count(group.first)}</a>${group.line !== undefined && html`<br /><span class="quiet small">line ${count(group.line)}</span>`}</td></tr>`)}
  <//>${state.more && html`<p class="quiet small">Of the first ${count(MOST_READ)} failed items. All of them: <a href=${`/api/v1/batches/${batchId}/items?status=FAILED`}>NDJSON</a></p>`}`;
}

/** Receipts of a stream of lines. */
async function* receiptsOf(path, signal) {
  const response = await fetch(path, { signal, credentials: 'same-origin' });
  if (!response.ok) throw new Error(`The failed items could not be read (${response.status}).`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
  if (rest !== '') yield JSON.parse(rest);
}
