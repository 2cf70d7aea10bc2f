/** What waits for a sink, and what becomes of it. */
export interface SinkBacklog {
  waiting: number;
  oldestS: number;
  unowned: number;
  inPerS: number | null;
  outPerS: number;
  /** More may wait than was counted: what comes is not known then, nor the trend. */
  capped: boolean;
  /** `stands`: nothing is sent, and something waits. */
  trend: 'unknown' | 'empty' | 'drains' | 'steady' | 'grows' | 'stands';
  /** Until it is gone, at the rates that were measured; null where it does not drain. */
  drainedInS: number | null;
}

/** A shard as it is listed; `oldestS` null where nothing waits, `owner` null where nobody delivers it. */
export interface ListedShard {
  sink: string;
  shard: number;
  owner: string | null;
  waiting: number;
  oldestS: number | null;
  /** More may wait than was counted. */
  capped: boolean;
}
