import type { SinkBacklog } from '../../../shared/contracts/delivery.ts';

/** One sink as it was counted at an instant. */
export interface SinkCounts {
  /** Records. */
  waiting: number;
  oldestS: number;
  /** Shards that no relay owns. */
  unowned: number;
  /** More may wait than was counted. */
  capped: boolean;
  /** Messages that relays sent since they were started. */
  sent: number;
  /** Monotonic ms. */
  atMs: number;
}

/** A change of less than this share of what is sent is none. */
const STEADY_SHARE = 0.05;

/** Rates between two counts, and when the backlog is gone if they stay; what is sent by relays that were started between counts for nothing. */
export function predictDrain(before: SinkCounts, now: SinkCounts): SinkBacklog {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  const outPerS = Math.max(0, now.sent - before.sent) / seconds;
  const growth = (now.waiting - before.waiting) / seconds;
  const round = (value: number) => Math.round(value * 10) / 10;
  const capped = before.capped || now.capped;
  const trend = capped ? 'unknown' : now.waiting === 0 ? 'empty' : outPerS === 0 && growth === 0 ? 'stands' : Math.abs(growth) <= outPerS * STEADY_SHARE ? 'steady' : growth > 0 ? 'grows' : 'drains';
  return {
    waiting: now.waiting, oldestS: Math.round(now.oldestS), unowned: now.unowned, inPerS: capped ? null : round(Math.max(0, growth + outPerS)), outPerS: round(outPerS), capped, trend,
    drainedInS: trend === 'empty' ? 0 : trend === 'drains' ? Math.ceil(now.waiting / -growth) : null,
  };
}
