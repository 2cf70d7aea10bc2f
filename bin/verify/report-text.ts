import type { VerifyReport } from '../../shared/law/report.ts';
import type { Paint } from '../send/summary.ts';
import type { TopicBreach, TopicVerdict } from './check-topic.ts';

/** What `sluice verify --json` prints: the answer of the gateway, and what the topics hold if they were asked for. */
export interface Checked extends Omit<VerifyReport, 'breaches'> {
  url: string;
  breaches: TopicBreach[];
  topics?: Record<string, TopicVerdict>;
}

/** The report for people: tables of counts, then every breach with its place. */
export function reportText(checked: Checked, paint: Paint): string {
  const kinds = Object.entries(checked.kinds);
  const parts = [
    paint.dim(`${checked.url}, in one snapshot of ${checked.at}`),
    table(['KIND', 'BATCHES', 'ACCEPTED', 'WRITTEN', 'REJECTED', 'WITHDRAWN', 'PENDING', 'INSERTED', 'DELETED', 'ROWS'], kinds.map(([kind, k]) => [kind, k.batches, k.accepted, k.written, k.rejected, k.withdrawn, k.pending, k.inserted, k.deleted ?? '?', k.rows ?? '?']), paint),
  ];
  const sinks = kinds.flatMap(([kind, k]) => Object.entries(k.delivery).map(([sink, s]) => [`${kind} to ${sink}`, s.due, s.delivered, s.waiting, s.dead, s.discarded, s.superseded]));
  if (sinks.length > 0) parts.push(table(['DELIVERY', 'DUE', 'DELIVERED', 'WAITING', 'DEAD', 'DISCARDED', 'SUPERSEDED'], sinks, paint));
  const topics = Object.entries(checked.topics ?? {}).map(([topic, t]) => [topic, t.messages, t.records, t.duplicates, t.missing, t.unknown, t.expired]);
  if (topics.length > 0) parts.push(table(['TOPIC', 'MESSAGES', 'RECORDS', 'DUPLICATES', 'MISSING', 'UNKNOWN', 'EXPIRED'], topics, paint));
  parts.push(verdictText(checked, paint));
  return `${parts.join('\n\n')}\n`;
}

function verdictText({ holds, breaches, more }: Checked, paint: Paint): string {
  if (holds) return paint.green('Everything is accounted for.');
  const lines = breaches.map(({ what, where, expected, found }) => `  ${paint.red(what)}: ${Object.entries(where).map(([name, value]) => `${name} ${value}`).join(', ')}: expected ${expected}, found ${found}`);
  return [paint.red(`${breaches.length}${more ? ' breaches and more' : breaches.length === 1 ? ' breach' : ' breaches'}:`), ...lines].join('\n');
}

/** First column to the left, numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[], paint: Paint): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd();
  return [paint.dim(line(head)), ...cells.map(line)].join('\n');
}
