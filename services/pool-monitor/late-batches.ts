import { predict, rateOf, type Sample } from '../../shared/batches/predict.ts';

/** The beginning of a large batch's course. Instants are ms since 1970. */
export interface Course {
  kind: string;
  measure: 'items' | 'bytes';
  whole: number;
  begun: number;
  now: number;
  samples: Sample[];
}

/** Share of a batch whose course makes the prediction that it is held against. */
export const EARLY_SHARE = 0.2;
/** With fewer checkpoints nothing is predicted. */
const LEAST_SAMPLES = 3;
/** A batch that is late by less is not told of. */
const SLACK_MS = 60_000;
/** Where the rate varied too much to say a latest finish: so many times the time that was predicted. */
const PATIENCE = 3;

/** The instant after which a batch is slower than its beginning promised; undefined where that promised nothing. A pause counts as slowness. */
export function latestFinish({ measure, whole, begun, samples }: Pick<Course, 'measure' | 'whole' | 'begun' | 'samples'>): number | undefined {
  const last = samples.at(-1);
  if (last === undefined || samples.length < LEAST_SAMPLES) return undefined;
  const rate = rateOf([{ at: begun, items: 0, bytes: 0 }, ...samples], measure, last.at);
  const predicted = rate === undefined ? undefined : predict(whole - last[measure], rate, last.at);
  if (predicted === undefined) return undefined;
  return Math.max(predicted.latest ?? last.at + PATIENCE * (predicted.at - last.at), predicted.at + SLACK_MS);
}

/** How many batches of each kind are slower than their beginning promised. */
export function lateBatches(courses: readonly Course[]): Map<string, number> {
  const late = new Map<string, number>();
  for (const course of courses) {
    const latest = latestFinish(course);
    if (latest !== undefined && course.now > latest) late.set(course.kind, (late.get(course.kind) ?? 0) + 1);
  }
  return late;
}
