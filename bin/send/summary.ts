import type { Tally } from './tally.ts';

/** What a run came to, as `--json` prints it. */
export interface Summary {
  url: string;
  input: string;
  keyPrefix: string | null;
  items: number;
  successful: number;
  failed: number;
  unknown: number;
  batches: number;
  retries: number;
  seconds: number;
  itemsPerSecond: number;
  batchMs: { p50: number; p99: number; max: number };
  failedByCode: Record<string, number>;
  /** The first 20. */
  failures: { index: number; line: number; errors: { pointer: string; code: string; message: string }[] }[];
  error: string | null;
}

/** @param ms duration of the run */
export function summarize(tally: Tally, of: Pick<Summary, 'url' | 'input' | 'keyPrefix' | 'error'>, ms: number): Summary {
  const items = tally.successful + tally.failed + tally.unknown;
  const time = (us: number) => (tally.batches === 0 ? 0 : Math.round(us / 100) / 10);
  return {
    ...of,
    items,
    successful: tally.successful,
    failed: tally.failed,
    unknown: tally.unknown,
    batches: tally.batches,
    retries: tally.retries,
    seconds: Math.round(ms) / 1000,
    itemsPerSecond: Math.round((tally.successful + tally.failed) / Math.max(0.001, ms / 1000)),
    batchMs: { p50: time(tally.batchTime.percentile(50)), p99: time(tally.batchTime.percentile(99)), max: time(tally.batchTime.max) },
    failedByCode: Object.fromEntries([...tally.byCode].sort((a, b) => b[1] - a[1])),
    failures: tally.failures.map(({ index, line, faults }) => ({ index, line, errors: faults })),
    error: of.error,
  };
}

/** Colours, as picocolors has them. */
export interface Paint {
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
  dim: (text: string) => string;
}

/** The summary for people. */
export function summaryText(s: Summary, paint: Paint): string {
  const count = (n: number) => n.toLocaleString('en');
  const counts = [
    `${count(s.items)} items`,
    paint.green(`${count(s.successful)} successful`),
    s.failed > 0 ? paint.red(`${count(s.failed)} failed`) : '0 failed',
    ...(s.unknown > 0 ? [paint.yellow(`${count(s.unknown)} without an answer`)] : []),
  ];
  let text = `${counts.join(', ')}\n`;
  text += paint.dim(`${s.seconds} s, ${count(s.itemsPerSecond)} items/s; ${count(s.batches)} batches, p50 ${s.batchMs.p50} ms, p99 ${s.batchMs.p99} ms${s.retries > 0 ? `; ${count(s.retries)} retries` : ''}\n`);
  for (const { index, line, errors } of s.failures) {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    text += `  line ${line} (item ${index}): ${first?.pointer || '/'} ${paint.red(first?.code ?? 'failed')}: ${first?.message ?? ''}${more}\n`;
  }
  if (s.failed > s.failures.length) text += `  and ${count(s.failed - s.failures.length)} more (--failed FILE writes all of them)\n`;
  return text;
}
