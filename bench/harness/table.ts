import type { Figure, ScenarioResult } from './scenario.ts';

const HEAD = ['scenario', 'what', 'figure', 'reference', 'unit', 'ratio', 'goal', 'met', 'p50 ms', 'p99 ms'];

/** Adds to each figure whether it met its goal, where it has one. */
export function judge(figures: readonly Figure[]): ScenarioResult['figures'] {
  return figures.map((f) => (f.goal === undefined || f.ratio === undefined ? f : { ...f, met: f.ratio >= f.goal }));
}

/** The table for people: a line a figure, then what each scenario compares, CPU a record, and notes. */
export function renderTable(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap((r) => r.figures.map((f) => [r.name, f.what, number(f.figure), number(f.reference), f.unit, ratio(f.ratio), f.goal === undefined ? '' : `>= ${f.goal}`, f.met === undefined ? '' : f.met ? 'yes' : 'NO', number(f.p50), number(f.p99)]));
  const widths = HEAD.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, at) => (isNumber(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  ').trimEnd();
  return [line(HEAD), line(widths.map((n) => '-'.repeat(n))), ...rows.map(line), ...results.flatMap(details)].join('\n');
}

/** The same figures as a Markdown table. */
export function renderMarkdown(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap((r) => r.figures.map((f) => [r.name, f.what, `${number(f.figure)} ${f.unit}`, number(f.reference), ratio(f.ratio), f.goal === undefined ? '' : `${f.goal}${f.met === true ? ' ✓' : ' ✗'}`, f.p50 === undefined ? '' : `${number(f.p50)} / ${number(f.p99)}`]));
  const head = ['scenario', 'what', 'figure', 'reference', 'ratio', 'goal', 'p50 / p99 ms'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function details(result: ScenarioResult): string[] {
  const lines = ['', `${result.name} (${result.seconds.toFixed(0)} s): ${result.compares}`];
  for (const figure of result.figures) {
    if (figure.cpu !== undefined) lines.push(`  ${figure.what}: CPU us a record ${cpu(figure.cpu)}${figure.referenceCpu === undefined ? '' : `; reference ${cpu(figure.referenceCpu)}`}`);
    if (figure.note !== undefined) lines.push(`  ${figure.what}: ${figure.note}`);
  }
  return lines;
}

/** CPU by class of process, most first; what is below a tenth of a microsecond is left out. */
export function cpu(micros: Record<string, number>): string {
  return Object.entries(micros).filter(([, value]) => value >= 0.1).sort((a, b) => b[1] - a[1]).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ');
}

function isNumber(column: number): boolean {
  return [2, 3, 5, 6, 8, 9].includes(column);
}

function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 });
}

function ratio(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(2);
}
