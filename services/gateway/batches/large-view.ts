import { isFinal } from '../../../shared/batches/states.ts';
import { iso, type LargeFact, type LargeProgress } from './large-facts.ts';
import { predict, rateOf, type Prediction, type Rate, type Sample } from '../../../shared/batches/predict.ts';

/** How far a large batch is. */
export interface ProgressView {
  /** Done without a gap from the start, as of the newest checkpoint. */
  items: number;
  bytes: number;
  /** Items of the whole batch; null until the upload is complete. */
  total: number | null;
  /** Done of the whole, from 0 to 1; null where the whole is not known. */
  share: number | null;
}

export interface Outlook {
  progress: ProgressView;
  /** Items a second over the last minute of checkpoints; null before there are two. */
  rate: number | null;
  predictedFinish: string | null;
  predictedFinishBounds: { earliest: string; latest: string | null } | null;
}

/** What lists, status and events tell of a large batch alike. */
export interface LargeHead {
  batchId: string;
  kind: string;
  state: LargeFact['state'];
  priority: LargeFact['priority'];
  parallelism: number;
  tags: string[];
  parent: string | null;
}

export function headOf(fact: LargeFact): LargeHead {
  const { id, kind, state, priority, parallelism, tags, parent } = fact;
  return { batchId: id, kind, state, priority, parallelism, tags, parent };
}

/** Whether all of the upload has come. */
export function uploadComplete({ total }: Pick<LargeFact, 'total'>): boolean {
  return total !== null;
}

export function progressOf({ checkpoint, total, uploadBytes, state }: Pick<LargeFact, 'checkpoint' | 'total' | 'uploadBytes' | 'state'>): ProgressView {
  const items = state === 'COMPLETED' ? (total ?? 0) : (checkpoint?.items ?? 0);
  const bytes = total !== null ? (uploadBytes ?? checkpoint?.bytes ?? 0) : (checkpoint?.bytes ?? 0);
  const share = total !== null ? (total === 0 ? 1 : items / total) : uploadBytes !== null && uploadBytes > 0 ? bytes / uploadBytes : null;
  return { items, bytes, total, share: share === null ? null : round(Math.min(1, share)) };
}

/** Progress, rate, and when it will be done: of its items where their number is known, else of the bytes that were announced. */
export function outlookOf({ fact, samples }: LargeProgress): Outlook {
  const progress = progressOf(fact);
  const now = Date.parse(fact.now);
  const course = fromStart(fact, samples);
  const rate = isFinal(fact.state) ? overall(fact, progress) : rateOf(course, 'items', now)?.perSecond;
  const finish = isMoving(fact) ? finishOf(fact, progress, course, now) : undefined;
  return {
    progress,
    rate: rate === undefined ? null : Math.round(rate * 10) / 10,
    predictedFinish: finish === undefined ? null : instant(finish.at),
    predictedFinishBounds: finish === undefined ? null : { earliest: instant(finish.earliest), latest: finish.latest === null ? null : instant(finish.latest) },
  };
}

/** Something is being done, and at its end the batch is done: not while it waits, nor while it is only staged. */
function isMoving({ state, staged, attended }: LargeFact): boolean {
  return state === 'RUNNING' || (state === 'RECEIVING' && attended && !staged);
}

function finishOf({ total, uploadBytes, checkpoint }: LargeFact, { items, bytes }: ProgressView, course: Sample[], now: number): Prediction | undefined {
  const newest = checkpoint === null ? now : Date.parse(checkpoint.at);
  const of = (remaining: number, rate: Rate | undefined) => (rate === undefined ? undefined : predict(Math.max(0, remaining), rate, newest));
  if (total !== null) return of(total - items, rateOf(course, 'items', now));
  return uploadBytes === null ? undefined : of(uploadBytes - bytes, rateOf(course, 'bytes', now));
}

/** Where the batch began within the time that the samples cover, its beginning is one of them. */
function fromStart({ createdAt, startedAt, staged }: LargeFact, samples: readonly Sample[]): Sample[] {
  const at = Date.parse(startedAt ?? createdAt);
  const newest = samples.at(-1);
  return newest !== undefined && (startedAt === null || staged) && newest.at - at < 60_000 ? [{ at, items: 0, bytes: 0 }, ...samples] : [...samples];
}

function overall({ createdAt, startedAt, finishedAt }: LargeFact, { items }: ProgressView): number | undefined {
  const seconds = finishedAt === null ? 0 : (Date.parse(finishedAt) - Date.parse(startedAt ?? createdAt)) / 1_000;
  return seconds > 0 ? items / seconds : undefined;
}

/** A share to six places. */
export function round(share: number): number {
  return Math.round(share * 1_000_000) / 1_000_000;
}

function instant(ms: number): string {
  return iso(new Date(ms).toISOString());
}
