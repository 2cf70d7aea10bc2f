import { useEffect, useRef } from 'preact/hooks';
import { html } from './html.js';
import { KEYS } from './keys.js';

/** What the keys do. */
export function Help({ close }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current?.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="help-title" onClose=${close} class="help">
    <h2 id="help-title">Keys</h2>
    <dl class="keys">${KEYS.map(([key, does]) => html`<div key=${key}><dt>${key.split(/ +/).map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${does}</dd></div>`)}</dl>
    <div class="buttons"><button type="button" autofocus onClick=${close}>Close</button></div>
  </dialog>`;
}
