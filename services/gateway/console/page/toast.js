import { useStore } from './hooks.js';
import { html } from './html.js';
import { createStore } from './store.js';

const SHOWN_MS = 6_000;
const toasts = createStore([]);
let last = 0;

/** Tells for a moment what was done, or why not. */
export function tell(text, tone = 'good') {
  const id = ++last;
  toasts.set([...toasts.get(), { id, text, tone }]);
  setTimeout(() => toasts.set(toasts.get().filter((toast) => toast.id !== id)), SHOWN_MS);
}

/** Where it is told. */
export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${useStore(toasts).map(({ id, text, tone }) => html`<div key=${id} class=${`toast ${tone}`}>${text}</div>`)}</div>`;
}
