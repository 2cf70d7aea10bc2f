import { html } from './html.js';

/** A heading, what it is about, and what can be done. */
export function Head({ title, children, actions }) {
  return html`<header class="head"><div><h1>${title}</h1>${children && html`<p class="quiet">${children}</p>`}</div>${actions && html`<div class="actions">${actions}</div>`}</header>`;
}

/** A part of a view. */
export function Panel({ title, note, actions, children, flush = false }) {
  return html`<section class=${`panel${flush ? ' flush' : ''}`}>
    ${title && html`<div class="panel-head"><h2>${title}</h2>${note && html`<span class="quiet">${note}</span>`}${actions && html`<div class="actions">${actions}</div>`}</div>`}
    ${children}
  </section>`;
}

/** Nothing is there: says so, and what would bring something. */
export function Empty({ title, children, sign = '○' }) {
  return html`<div class="empty"><div class="sign" aria-hidden="true">${sign}</div><p class="strong">${title}</p><p class="quiet">${children}</p></div>`;
}

/** It comes. Lines stand where text will, so that nothing jumps. */
export function Loading({ lines = 3, what = 'Loading' }) {
  return html`<div class="loading" role="status"><span class="sr">${what}</span>${Array.from({ length: lines }, (_, i) => html`<div class="line" key=${i}></div>`)}</div>`;
}

/** It did not come: why, and again. */
export function Failed({ error, again, old = false }) {
  return html`<div class="failed" role="alert"><div><p class="strong">${old ? 'This is not up to date' : 'This could not be read'}</p><p>${error.message}</p></div>
    ${again && html`<button type="button" onClick=${() => void again()}>Try again</button>`}</div>`;
}

/**
 * What was asked for, in whichever of its states it is.
 * @param {{ of: ReturnType<import('./hooks.js').useAsk>, children: (data: any) => any, lines?: number }} props
 */
export function Asked({ of, children, lines }) {
  if (of.data === undefined) return of.error === undefined ? html`<${Loading} lines=${lines ?? 4} />` : html`<${Failed} error=${of.error} again=${of.reload} />`;
  return html`${of.error !== undefined && html`<${Failed} error=${of.error} again=${of.reload} old />`}${children(of.data)}`;
}

const TONES = {
  COMPLETED: 'good', DELIVERED: 'good', SUCCESS: 'good', closed: 'good', up: 'good', ready: 'good', delivered: 'good', written: 'good', DONE: 'good', flowing: 'good',
  RUNNING: 'busy', RECEIVING: 'busy', CANCELLING: 'busy', replaying: 'busy', PENDING: 'busy', waiting: 'warn', 'half-open': 'warn', slow: 'warn', PAUSED: 'warn', drained: 'warn', draining: 'warn',
  FAILED: 'bad', open: 'bad', down: 'bad', dead: 'bad', stuck: 'bad', REJECTED: 'bad', silent: 'bad', CRITICAL: 'bad', WARNING: 'warn',
};

/** A state as a word on its colour: never the colour alone. */
export function State({ of, tone }) {
  return html`<span class=${`state ${tone ?? TONES[of] ?? 'plain'}`}>${String(of).toLowerCase().replaceAll('_', ' ')}</span>`;
}

/**
 * How far something is.
 * @param {{ share: number | null, label: string, failed?: number, tone?: string }} props `failed`: share of the whole that failed
 */
export function Bar({ share, label, failed = 0, tone = '' }) {
  const done = Math.max(0, Math.min(1, share ?? 0));
  return html`<div class=${`bar ${tone}${share === null ? ' unknown' : ''}`} role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" ...${share === null ? {} : { 'aria-valuenow': Math.floor(done * 100) }}>
    <div class="fill" style=${{ width: `${(done * 100).toFixed(2)}%` }}></div>
    ${failed > 0 && html`<div class="fill bad" style=${{ width: `${Math.max(0.6, Math.min(done, failed) * 100).toFixed(2)}%` }}></div>`}
  </div>`;
}

/** Facts, a name and a value each; those without a value are left out. */
export function Facts({ of, wide = false }) {
  return html`<dl class=${`facts${wide ? ' wide' : ''}`}>${of.filter(([, value]) => value !== undefined && value !== null && value !== '').map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A table that scrolls within itself where it is too wide. */
export function Table({ label, head, children }) {
  return html`<div class="table" role="region" aria-label=${label} tabindex="0"><table>
    <thead><tr>${head.map((cell) => html`<th key=${cell.name ?? cell} class=${cell.class ?? ''} scope="col">${cell.name ?? cell}</th>`)}</tr></thead>
    <tbody>${children}</tbody>
  </table></div>`;
}
