import type { IncomingHttpHeaders } from 'node:http';
import type { Settings } from '../../../shared/config/settings.ts';
import type { LargeOptions } from '../../../shared/contracts/large.ts';
import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';

/** What the options are checked against. */
export type OptionLimits = Pick<Settings, 'parallelism' | 'maxParallelism' | 'checkpointInterval' | 'largeDeadline'>;

/** Query parameters of a large batch; each may also be a header, `Batch-` and the name in words. */
export const OPTION_NAMES = ['priority', 'parallelism', 'checkpointInterval', 'enableCheckpointing', 'errorPolicy', 'deadline', 'maxRetryAttempts', 'tags', 'start'] as const;
type OptionName = (typeof OPTION_NAMES)[number];

const LONGEST_DEADLINE_MS = 604_800_000;
const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const MOST_TAGS = 16;
const TAG = /^[A-Za-z0-9._-]{1,64}$/;
const SHARE = /^(\d{1,2}(?:\.\d{1,3})?|100)%$/;

/** The header that says the same as a query parameter. */
export function optionHeader(name: OptionName): string {
  return `Batch-${name.replace(/[A-Z]/g, (c) => `-${c}`).replace(/^./, (c) => c.toUpperCase())}`;
}

/**
 * The options of a large batch, from query or headers; the query wins.
 * @throws ProblemError 400 `invalid-options` with a pointer for each
 */
export function readOptions(query: URLSearchParams, headers: IncomingHttpHeaders, limits: OptionLimits): LargeOptions {
  const faults: ItemFault[] = [];
  const read = <T>(name: OptionName, fallback: T, parse: (text: string) => T | undefined, says: string): T => {
    const header = headers[optionHeader(name).toLowerCase()];
    const text = query.get(name) ?? (typeof header === 'string' ? header : undefined);
    if (text === undefined) return fallback;
    const value = parse(text.trim());
    if (value === undefined) faults.push({ pointer: `?${name}`, code: 'invalid-option', message: says });
    return value ?? fallback;
  };
  const whole = (low: number, high: number) => (text: string) => (/^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high ? Number(text) : undefined);
  const oneOf = <T extends string>(...values: T[]) => (text: string) => values.find((v) => v === text.toLowerCase());
  const options: LargeOptions = {
    priority: read('priority', 'normal', oneOf('high', 'normal', 'low'), 'is high, normal or low.'),
    parallelism: read('parallelism', limits.parallelism, whole(1, limits.maxParallelism), `is a whole number from 1 to ${limits.maxParallelism}.`),
    checkpointInterval: read('checkpointInterval', limits.checkpointInterval, whole(1, 10_000_000), 'is a whole number of items from 1 to 10000000.'),
    enableCheckpointing: read('enableCheckpointing', true, (text) => ({ true: true, false: false })[text.toLowerCase()], 'is true or false.'),
    errorPolicy: read('errorPolicy', 'continue', (text) => oneOf('continue', 'stop')(text) ?? (SHARE.test(text) ? text : undefined), 'is continue, stop, or a share of the items such as 5%.'),
    deadlineMs: read('deadline', limits.largeDeadline, duration, 'is a time such as 90s, 30m or 4h, up to 168h.'),
    maxRetryAttempts: read('maxRetryAttempts', 3, whole(0, 100), 'is a whole number from 0 to 100.'),
    tags: read('tags', [], tags, `is at most ${MOST_TAGS} names with commas between, each of letters, digits, dot, - and _.`),
    start: read('start', 'auto', oneOf('auto', 'manual'), 'is auto or manual.'),
  };
  if (faults.length > 0) throw new ProblemError({ status: 400, code: 'invalid-options', title: 'Invalid options', detail: faults.map((f) => `${f.pointer.slice(1)} ${f.message}`).join(' '), errors: faults });
  return options;
}

function duration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})\s*(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit ?? 's'] ?? NaN);
  return ms >= 1 && ms <= LONGEST_DEADLINE_MS ? ms : undefined;
}

function tags(text: string): string[] | undefined {
  const list = text === '' ? [] : text.split(',').map((t) => t.trim());
  return list.length <= MOST_TAGS && list.every((t) => TAG.test(t)) ? list : undefined;
}
