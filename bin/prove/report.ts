import type { PromiseRow } from './promises.ts';

/** What a fault showed. */
export interface FaultRow {
  name: string;
  says: string;
  /** Rounds in which it was alone, and in which another came with it. */
  alone: number;
  paired: number;
  /** Times in ms from its end until all was well again. */
  recoveriesMs: number[];
  /** Why it could not be tried here. */
  impossible?: string;
}

/** All that a run found, as `--json` prints it. */
export interface RunReport {
  held: boolean;
  seed: number;
  minutes: number;
  fleet: Record<string, number>;
  requests: number;
  items: number;
  rows: number;
  messages: number;
  repeats: number;
  unanswered: number;
  statuses: Record<string, number>;
  promises: PromiseRow[];
  faults: FaultRow[];
  /** What went wrong with the run itself: then it proves nothing. */
  troubles: string[];
  /** Where logs and journal are, if they were kept. */
  folder?: string;
  command: string;
}

/** How text is painted. */
export interface Paint {
  green(text: string): string;
  red(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** The report for people. */
export function reportText(report: RunReport, paint: Paint): string {
  const lines = [paint.dim(summary(report)), ''];
  const width = Math.max(...report.promises.map(({ says }) => says.length));
  lines.push(paint.dim(`${'PROMISE'.padEnd(width)}  ${'TRIED'.padStart(11)}  RESULT`));
  for (const { says, tried, broken, cases } of report.promises) {
    lines.push(`${says.padEnd(width)}  ${count(tried).padStart(11)}  ${verdict({ tried, broken }, paint)}`);
    for (const text of cases) lines.push(`    ${paint.red(text)}`);
    if (broken > cases.length && cases.length > 0) lines.push(paint.dim(`    and ${count(broken - cases.length)} more`));
  }
  const names = Math.max(5, ...report.faults.map(({ name }) => name.length));
  lines.push('', paint.dim(`${'FAULT'.padEnd(names)}  ALONE  PAIRED  SLOWEST RECOVERY`));
  for (const fault of report.faults) lines.push(`${fault.name.padEnd(names)}  ${String(fault.alone).padStart(5)}  ${String(fault.paired).padStart(6)}  ${slowest(fault).padStart(16)}`);
  for (const trouble of report.troubles) lines.push('', paint.red(`The run itself went wrong: ${trouble}`));
  lines.push('', report.held ? paint.green(paint.bold('Every promise held.')) : paint.red(paint.bold('NOT EVERY PROMISE HELD.')), `The same again: ${report.command}`);
  if (report.folder !== undefined) lines.push(`Logs and journal: ${report.folder}`);
  return `${lines.join('\n')}\n`;
}

/** The same as tables for docs/guarantees.md. */
export function reportMarkdown(report: RunReport): string {
  const lines = [`\`${report.command}\``, '', summary(report), '', '| Promise | Tried | Result |', '|---|---:|---|'];
  for (const row of report.promises) lines.push(`| ${row.says} | ${count(row.tried)} | ${row.broken > 0 ? `**BROKEN** ${count(row.broken)} times` : row.tried === 0 ? 'not tried' : 'held'} |`);
  lines.push('', '| Fault | What is done | Alone | Paired | Slowest recovery |', '|---|---|---:|---:|---:|');
  for (const fault of report.faults) lines.push(`| \`${fault.name}\` | ${fault.says} | ${fault.alone} | ${fault.paired} | ${slowest(fault)} |`);
  for (const trouble of report.troubles) lines.push('', `The run itself went wrong, and ended early: ${trouble}`);
  return `${lines.join('\n')}\n`;
}

function summary(report: RunReport): string {
  const fleet = Object.entries(report.fleet).map(([role, n]) => `${n} ${role}${n === 1 ? '' : 's'}`).join(', ');
  const rounds = report.faults.reduce((sum, { alone, paired }) => sum + alone + paired / 2, 0);
  return `${fleet}; ${report.minutes} min, seed ${report.seed}, ${count(rounds)} rounds of faults; ${count(report.requests)} requests with ${count(report.items)} items, ${count(report.unanswered)} attempts without an answer; ${count(report.rows)} records stored; ${count(report.messages)} messages read, ${count(report.repeats)} of them repeats`;
}

function verdict({ tried, broken }: { tried: number; broken: number }, paint: Paint): string {
  if (broken > 0) return paint.red(`BROKEN ${count(broken)} times`);
  return tried === 0 ? paint.dim('not tried') : paint.green('held');
}

function slowest({ recoveriesMs, alone, paired, impossible }: FaultRow): string {
  if (impossible !== undefined) return `impossible here: ${impossible}`;
  return alone + paired === 0 || recoveriesMs.length === 0 ? '-' : `${(Math.max(...recoveriesMs) / 1_000).toFixed(1)} s`;
}

function count(n: number): string {
  return n.toLocaleString('en');
}
