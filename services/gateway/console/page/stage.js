import { html } from './html.js';
import { State } from './parts.js';

/** Rates that are told apart by the width of the stream between two stages. */
const widthOf = (perS) => (perS === null || perS === 0 ? 2 : Math.min(10, 2 + Math.log10(perS + 1) * 2));
/** What fills a basin to its brim. */
const FULL_LOG = 6;

/**
 * One stage of the flow.
 * @param {{ name: string, level: string, figure: string, unit: string, facts: [string, any][], basin?: number, out: number | null, last?: boolean, says?: string }} props
 *   `basin`: what waits there, for those that hold something; `out`: what leaves it, a second
 */
export function Stage({ name, level, figure, unit, facts, basin, out, last = false, says }) {
  const water = basin === undefined ? 0 : Math.min(1, (Math.log10(basin + 1) / FULL_LOG) ** 1.5);
  return html`<li class=${`stage ${level}${basin === undefined ? '' : ' basin'}`} title=${says}>
    ${basin !== undefined && html`<div class="water" aria-hidden="true" style=${{ height: `${(water * 100).toFixed(1)}%` }}></div>`}
    <div class="stage-head"><h3>${name}</h3><${State} of=${level} /></div>
    <p class="figure"><b>${figure}</b> <span>${unit}</span></p>
    <dl>${facts.map(([fact, value]) => html`<div key=${fact}><dt>${fact}</dt><dd>${value}</dd></div>`)}</dl>
    ${!last && html`<div class=${`stream${out > 0 ? ' moving' : ''}`} aria-hidden="true" style=${{ '--width': `${widthOf(out)}px` }}></div>`}
  </li>`;
}
