import { isFinal } from '../../../../shared/batches/states.ts';
import type { CheckpointFact, LargeProgress } from '../large-facts.ts';
import { iso } from '../large-facts.ts';
import { errorsOf, type ErrorCounts } from '../large-status.ts';
import { headOf, outlookOf, type LargeHead, type Outlook } from '../large-view.ts';

/**
 * How far a listener has heard: the number of the last checkpoint and the version of the row. Both are of the tables, so an
 * event's id means the same on every edge.
 */
export interface Heard {
  checkpoint: number;
  version: number;
}

export interface BatchEvent {
  type: 'state' | 'checkpoint' | 'progress';
  /** What the listener has heard with it. */
  heard: Heard;
  data: object;
}

/** Counts are those of the newest checkpoint. */
export type ProgressEvent = Outlook & Pick<LargeHead, 'batchId' | 'state'> & { written: number; rejected: number; errors: ErrorCounts };
export type StateEvent = LargeHead & { errorCode: string | null; errorMessage: string | null };

/** A batch at one moment, with its newest checkpoints, oldest first. */
export interface Moment extends LargeProgress {
  checkpoints: readonly CheckpointFact[];
}

/** Nobody has heard anything yet. */
export const NOTHING: Heard = { checkpoint: 0, version: -1 };

/** An event's id: `<checkpoint>-<version>`. */
export function idOf({ checkpoint, version }: Heard): string {
  return `${checkpoint}-${version}`;
}

/** What a client that comes back has heard; undefined for an id that is none of ours. */
export function heardOf(id: string): Heard | undefined {
  const [, checkpoint, version] = /^(\d{1,9})-(\d{1,9})$/.exec(id) ?? [];
  return checkpoint === undefined || version === undefined ? undefined : { checkpoint: Number(checkpoint), version: Number(version) };
}

/**
 * What a listener is to be told now: the checkpoints it has not heard of, the state if that was changed, and how far the batch is if
 * either. Of a final state the state comes last: after it there is nothing more to tell.
 */
export function eventsFor(heard: Heard, moment: Moment): BatchEvent[] {
  const { fact } = moment;
  const events: BatchEvent[] = [];
  let at = heard;
  const tell = (type: BatchEvent['type'], data: object, further: Partial<Heard> = {}) => {
    at = { ...at, ...further };
    events.push({ type, heard: at, data });
  };
  for (const { at: when, ...checkpoint } of moment.checkpoints.filter((c) => c.no > heard.checkpoint)) tell('checkpoint', { batchId: fact.id, ...checkpoint, at: iso(when) }, { checkpoint: checkpoint.no });
  const changed = fact.version !== heard.version;
  if (changed && !isFinal(fact.state)) tell('state', stateOf(moment), { version: fact.version });
  if (changed || events.length > 0) tell('progress', progressOf(moment));
  if (changed && isFinal(fact.state)) tell('state', stateOf(moment), { version: fact.version });
  return events;
}

/** Whether nothing can come any more for one who has heard so much. */
export function isOver(heard: Heard, { fact }: LargeProgress): boolean {
  return isFinal(fact.state) && heard.version === fact.version;
}

/** An event as it goes over the wire (WHATWG HTML, 9.2). Before the first state an event has no id: who comes back has to be told that state, and so all of it. */
export function eventText({ type, heard, data }: BatchEvent): string {
  return `event: ${type}\n${heard.version < 0 ? '' : `id: ${idOf(heard)}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function progressOf(moment: Moment): ProgressEvent {
  const { id, state, checkpoint } = moment.fact;
  const rejected = checkpoint?.rejected ?? 0;
  return { batchId: id, state, ...outlookOf(moment), written: checkpoint?.written ?? 0, rejected, errors: errorsOf(moment.fact, rejected) };
}

function stateOf({ fact }: LargeProgress): StateEvent {
  return { ...headOf(fact), errorCode: fact.errorCode, errorMessage: fact.errorMessage };
}
