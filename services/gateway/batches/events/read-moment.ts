import { CHECKPOINTS_AFTER } from '../../../../shared/db/queries/batch-progress.ts';
import { readProgress, type CheckpointFact, type Run } from '../large-facts.ts';
import type { Moment } from './decide-events.ts';

/** Checkpoints that are told at once; of one who was away for longer the older ones are left out: each tells all that came before it. */
const MOST_AT_ONCE = 100;

/** A batch now, with its newest checkpoints of a number above `after`; undefined where there is no large batch with this id. */
export async function readMoment(run: Run, batchId: string, after: number): Promise<Moment | undefined> {
  const progress = await readProgress(run, batchId);
  if (progress === undefined) return undefined;
  // The newest is known already: nothing is asked for where it is no news. Later ones than that come with the next look.
  const newest = progress.fact.checkpoint?.no ?? 0;
  const [row] = newest > after ? await run(CHECKPOINTS_AFTER, [batchId, after, MOST_AT_ONCE]) : [];
  return { ...progress, checkpoints: ((row?.[0] ?? []) as CheckpointFact[]).filter((c) => c.no <= newest) };
}
