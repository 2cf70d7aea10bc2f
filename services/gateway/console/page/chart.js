import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { brief, rate } from './format.js';
import { useStore } from './hooks.js';
import { html } from './html.js';
import { isDark, theme } from './theme.js';

/**
 * Figures over time.
 * @param {{ label: string, times: number[], series: { name: string, color: string, values: (number | null)[], dash?: boolean }[], height?: number, top?: number, format?: (n: number) => string, seconds?: number }} props
 *   `times`: s since 1970; `color`: the name of a colour of base.css; `top`: the least upper end of the scale; `seconds`: the least stretch of time that is shown
 */
export function Chart({ label, times, series, height = 180, top = 10, format = brief, seconds = 0 }) {
  const box = useRef(null);
  const plot = useRef(null);
  useStore(theme);
  const dark = isDark();
  const shape = `${dark} ${series.map(({ name }) => name).join()}`;
  useEffect(() => {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour('quiet'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    const made = new uPlot({
      width: Math.max(200, box.current.clientWidth), height, cursor: { y: false, points: { size: 6 } }, legend: { show: false }, padding: [8, 24, 0, 0],
      scales: {
        x: { time: true, range: (_, from, to) => [Math.min(from, to - seconds), to] },
        y: { range: (_, _from, to) => [0, Math.max(top, (to ?? 0) * 1.1)] },
      },
      axes: [{ ...axis, space: 80, size: 24, values: '{HH}:{mm}:{ss}' }, { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => format(tick)) }],
      series: [{}, ...series.map(({ name, color, dash }) => ({ label: name, stroke: colour(color), width: 2, points: { show: false }, ...(dash ? { dash: [5, 4] } : { fill: `${colour(color)}1c` }) }))],
    }, [times, ...series.map(({ values }) => values)], box.current);
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: Math.max(200, box.current.clientWidth), height }));
    resize.observe(box.current);
    return () => {
      resize.disconnect();
      made.destroy();
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData([times, ...series.map(({ values }) => values)]), [times, shape]);
  const newest = series.map(({ name, values }) => `${name} ${rate(values.at(-1))}`).join(', ');
  return html`<figure class="chart"><figcaption>${series.map(({ name, color, values }) => html`<span key=${name}><i class=${`key ${color}`} aria-hidden="true"></i>${name} <b>${values.at(-1) == null ? '–' : format(values.at(-1))}</b></span>`)}</figcaption>
    <div ref=${box} role="img" aria-label=${`${label}: ${newest}`} style=${{ height: `${height}px` }}></div></figure>`;
}
