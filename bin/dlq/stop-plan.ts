import type { ReplayProgress } from '../../shared/contracts/dead-letters.ts';
import { CliError, EXIT } from '../cli-error.ts';

/** What the stop of a replay would do now. */
export interface StopPlan {
  dryRun: true;
  id: string;
  /** What it released already; still sent. */
  released: number;
  /** What stays a dead letter. */
  left: number;
}

/** @throws CliError where it has ended */
export function stopPlan({ id, state, released, total, endedAt }: ReplayProgress): StopPlan {
  if (state !== 'running') throw new CliError(`This replay is ${state} since ${endedAt ?? 'its end'}; there is nothing to stop.`, EXIT.failed);
  return { dryRun: true, id, released, left: total - released };
}

export function stopPlanText({ id, released, left }: StopPlan): string {
  return `Replay ${id} would release no more: ${released.toLocaleString('en')} are released and still sent, ${left.toLocaleString('en')} stay dead letters. Nothing was done.\n`;
}
