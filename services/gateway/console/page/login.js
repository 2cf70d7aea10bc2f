import { useState } from 'preact/hooks';
import { ask } from './api.js';
import { html } from './html.js';

/** Asks for a key. It is sent once and kept nowhere: what the browser keeps is a cookie that no script can read. */
export function Login({ loggedIn, over }) {
  const [key, setKey] = useState('');
  const [error, setError] = useState(over ? { message: 'The session is over; log in again.' } : undefined);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await ask('/console/session', { method: 'POST', body: { key: key.trim() } });
      setKey('');
      await loggedIn();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  return html`<main class="login"><form class="panel" onSubmit=${submit}>
    <img src="/console/icon.svg" width="44" height="44" alt="" />
    <h1>Sluice</h1>
    <p class="quiet">Log in with an access key that has the role <b>read</b>; with <b>operate</b> you can change things, too.</p>
    <label class="field"><span>Access key</span>
      <input type="password" name="key" autocomplete="off" spellcheck="false" required placeholder="slc_…" value=${key} onInput=${(event) => setKey(event.target.value)} autofocus /></label>
    ${error && html`<p class="fault" role="alert">${error.message}</p>`}
    <button type="submit" class="primary" disabled=${busy || key.trim() === ''}>${busy ? 'One moment…' : 'Log in'}</button>
    <p class="quiet small">A key is made with <code>sluice key create NAME --roles operate</code></p>
  </form></main>`;
}
