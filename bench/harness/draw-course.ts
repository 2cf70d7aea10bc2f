/** One quantity over time: points of seconds and value. */
export interface Panel {
  label: string;
  points: readonly (readonly [at: number, value: number])[];
}

const WIDTH = 800;
const LEFT = 60;
const RIGHT = 20;
const TOP = 50;
const HEIGHT = 110;
const GAP = 45;
const STEPS = 4;

/** A picture (SVG) of quantities over the same time, one below the other, with the phases of the run marked. */
export function drawCourse(title: string, marks: readonly { at: number; name: string }[], panels: readonly Panel[]): string {
  const end = Math.max(...panels.flatMap(({ points }) => points.map(([at]) => at)));
  const x = (at: number) => LEFT + (at / end) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + panels.length * (HEIGHT + GAP) - GAP;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 40}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/><text x="${LEFT}" y="20" font-size="14" font-weight="bold">${title}</text>`,
    ...marks.map(({ at, name }) => `<line x1="${tenth(x(at))}" y1="${TOP - 10}" x2="${tenth(x(at))}" y2="${bottom}" stroke="#c60" stroke-dasharray="3 3"/><text x="${tenth(x(at) + 4)}" y="${TOP - 12}" fill="#c60">${name}</text>`),
  ];
  panels.forEach(({ label, points }, at) => {
    const top = TOP + at * (HEIGHT + GAP);
    const most = niceAbove(Math.max(...points.map(([, value]) => value)));
    const y = (value: number) => top + HEIGHT - (value / most) * HEIGHT;
    for (let step = 0; step <= STEPS; step++) {
      const value = (most / STEPS) * step;
      parts.push(`<line x1="${LEFT}" y1="${tenth(y(value))}" x2="${WIDTH - RIGHT}" y2="${tenth(y(value))}" stroke="#ddd"/><text x="${LEFT - 6}" y="${tenth(y(value) + 4)}" text-anchor="end" fill="#555">${value}</text>`);
    }
    parts.push(`<text x="${LEFT}" y="${top - 6 + (at === 0 ? 18 : 0)}" fill="#036">${label}</text>`, `<polyline fill="none" stroke="#06c" stroke-width="1.5" points="${points.map(([s, v]) => `${tenth(x(s))},${tenth(y(v))}`).join(' ')}"/>`);
  });
  const seconds = Array.from({ length: Math.floor(end / 10) + 1 }, (_, i) => i * 10);
  parts.push(...seconds.map((s) => `<text x="${tenth(x(s))}" y="${bottom + 16}" text-anchor="middle" fill="#555">${s}</text>`), `<text x="${WIDTH / 2}" y="${bottom + 34}" text-anchor="middle" fill="#555">seconds</text>`, '</svg>');
  return `${parts.join('\n')}\n`;
}

const tenth = (value: number) => Math.round(value * 10) / 10;

/** The next of 4, 8, 12, 20, 40, 80 ... above: its quarters are round. */
function niceAbove(value: number): number {
  for (let scale = 1; ; scale *= 10) for (const step of [4, 8, 12, 20]) if (step * scale >= value) return step * scale;
}
