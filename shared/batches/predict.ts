/** How far a batch was at an instant (ms since 1970). */
export interface Sample {
  at: number;
  items: number;
  bytes: number;
}

/** A measured rate, and how much it varied. */
export interface Rate {
  perSecond: number;
  /** Standard deviation of the rates of the single intervals, per second. */
  spread: number;
  intervals: number;
  /** Length of an interval on average, s. */
  intervalS: number;
}

/** When something will be done; `latest` is null where the rate varies too much to say. Ms since 1970. */
export interface Prediction {
  at: number;
  earliest: number;
  latest: number | null;
}

/** A batch that has no checkpoint for longer than the longest interval between two stands still: the silence counts. */
const STALLED_MS = 11_000;
/**
 * Half of the bound's width in standard errors. Neighbouring intervals are alike (what slows one slows the next), so that
 * they say less than their number; test/shared/batches/predict.test.ts measures how often the truth lies within.
 */
const WIDTH = 3;
/** No rate is known better than this. */
const LEAST_ERROR = 0.05;

/**
 * The rate over the samples, which stand in order.
 * @returns undefined where they don't cover any time
 */
export function rateOf(samples: readonly Sample[], measure: 'items' | 'bytes', now: number): Rate | undefined {
  const [first] = samples;
  const newest = samples.at(-1);
  if (first === undefined || newest === undefined) return undefined;
  const course = now - newest.at > STALLED_MS ? [...samples, { ...newest, at: now }] : samples;
  const last = course.at(-1) ?? newest;
  const seconds = (last.at - first.at) / 1_000;
  if (seconds <= 0) return undefined;
  const mean = (last[measure] - first[measure]) / seconds;
  let squares = 0;
  let intervals = 0;
  for (const [i, sample] of course.entries()) {
    const before = course[i - 1];
    const length = before === undefined ? 0 : (sample.at - before.at) / 1_000;
    if (before === undefined || length <= 0) continue;
    squares += length * ((sample[measure] - before[measure]) / length - mean) ** 2;
    intervals++;
  }
  const variance = intervals > 1 ? (squares / seconds) * (intervals / (intervals - 1)) : mean ** 2;
  return { perSecond: mean, spread: Math.sqrt(variance), intervals, intervalS: seconds / intervals };
}

/**
 * When `remaining` will be done at this rate: the mean rate of the rest differs from the measured one by the error of both, each a
 * mean of so many intervals (the prediction interval of a mean).
 * @returns undefined while nothing moves
 */
export function predict(remaining: number, rate: Rate, from: number): Prediction | undefined {
  if (rate.perSecond <= 0) return undefined;
  const seconds = remaining / rate.perSecond;
  const ahead = Math.max(1, seconds / rate.intervalS);
  const error = Math.max(LEAST_ERROR, WIDTH * (rate.spread / rate.perSecond) * Math.sqrt(1 / rate.intervals + 1 / ahead));
  const at = (s: number) => Math.round(from + s * 1_000);
  return { at: at(seconds), earliest: at(seconds / (1 + error)), latest: error < 1 ? at(seconds / (1 - error)) : null };
}
