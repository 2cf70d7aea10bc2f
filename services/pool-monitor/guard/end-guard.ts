import type { SettingName } from '../../../shared/config/settings.ts';
import type { Baseline, GuardOutcome, Progress } from '../../../shared/contracts/guards.ts';
import { writeAudit, type Actor } from '../../../shared/db/audit.ts';
import type { Ask } from '../../../shared/db/in-transaction.ts';
import { LOCK_SETTINGS, SETTING_CHANGE } from '../../../shared/db/queries/live-settings.ts';
import { END_GUARD } from '../../../shared/db/queries/setting-guards.ts';
import { keepChange } from '../../../shared/live/keep-change.ts';

/** A guard at its end. */
export interface EndedGuard {
  change: number;
  name: SettingName;
  before: Baseline;
  after: Progress;
  outcome: Exclude<GuardOutcome, 'changed-again'>;
  reason: string;
}

const GUARD: Actor = { who: 'guard', requestId: null };

/**
 * Ends a guard in a transaction, and takes its change back where that is its outcome; audit and history say why, with the figures.
 * @returns whether it was this call that ended it: a person, or another node, may have been first
 */
export async function endGuard(ask: Ask, { change, name, before, after, outcome, reason }: EndedGuard): Promise<boolean> {
  await ask(LOCK_SETTINGS, []);
  if ((await ask(END_GUARD, [change, outcome, reason, JSON.stringify(after)])).length === 0) return false;
  const figures = { before, after };
  if (outcome === 'reverted') {
    const [, value] = (await ask(SETTING_CHANGE, [change]))[0] ?? [];
    await keepChange(ask, { name, after: (value ?? null) as string | null, why: reason, reverts: change }, GUARD, 'settings.revert', { guard: figures });
  } else await writeAudit(ask, GUARD, { operation: 'settings.guard', target: { setting: name }, outcome: 'done', detail: { change, outcome, reason, guard: figures } });
  return true;
}
