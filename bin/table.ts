import type { Paint } from './send/summary.ts';

const STATE_COLORS: Record<string, 'red' | 'yellow' | 'green' | 'dim'> = {
  dead: 'red', replaying: 'yellow', running: 'yellow', delivered: 'green', done: 'green',
  RECEIVING: 'yellow', READY: 'yellow', RUNNING: 'yellow', PAUSED: 'yellow', CANCELLING: 'yellow', COMPLETED: 'green', FAILED: 'red', CANCELLED: 'red',
};

/** A table: numbers stand to the right, and a state has its colour. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[], paint: Paint): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)));
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, i) => (right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ').trimEnd();
  return [paint.dim(line(head)), ...cells.map((row) => colored(line(row), row, paint))].join('\n');
}

function colored(line: string, row: readonly string[], paint: Paint): string {
  const state = row.find((cell) => Object.hasOwn(STATE_COLORS, cell));
  return state === undefined ? line : line.replace(state, paint[STATE_COLORS[state] ?? 'dim'](state));
}

/** An instant to the second, for a column that says (UTC). */
export function seconds(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}
