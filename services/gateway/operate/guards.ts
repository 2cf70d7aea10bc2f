import type { ServiceBroker } from 'moleculer';
import type { SettingName } from '../../../shared/config/settings.ts';
import type { Actions } from '../../../shared/contracts/actions.ts';
import { NO_PROGRESS, type Baseline, type ShownGuard } from '../../../shared/contracts/guards.ts';
import type { Ask } from '../../../shared/db/in-transaction.ts';
import { OPEN_GUARD, WATCHING_GUARD } from '../../../shared/db/queries/setting-guards.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { firstWith } from '../../../shared/runtime/fleet.ts';

const ASK_MS = 2_000;

/**
 * How the fleet does at this moment, before a change that is to be guarded.
 * @throws ProblemError 409 `nobody-watches` where no relay runs: the guard would never act
 */
export async function askBaseline(broker: ServiceBroker): Promise<Baseline> {
  const nodeID = firstWith(broker, 'pool-monitor');
  if (nodeID === undefined) throw new ProblemError({ status: 409, code: 'nobody-watches', title: 'Nobody watches', detail: 'No relay runs, and relays judge guarded changes. Start one with `sluice relay`, or change the setting without a guard.' });
  const found: Actions['pool-monitor.baseline']['result'] = await broker.call('pool-monitor.baseline', {}, { nodeID, timeout: ASK_MS });
  return found;
}

/** A guard that is to begin. */
export interface NewGuard {
  change: number;
  name: SettingName;
  forMs: number;
  before: Baseline;
}

/**
 * Has a change guarded, in the transaction that makes it.
 * @throws ProblemError 409 `guard-open` while another setting's change is watched: nobody could tell which of the two makes things worse
 */
export async function openGuard(ask: Ask, { change, name, forMs, before }: NewGuard): Promise<void> {
  const [other] = await ask(WATCHING_GUARD, []);
  if (other !== undefined) throw new ProblemError({ status: 409, code: 'guard-open', title: 'Another change is watched', detail: `Change ${Number(other[0])} of ${String(other[1])} is watched: two at once could not be told apart. Nothing was changed; wait until its guard has ended (settings history), take it back, or leave the guard out.` });
  await ask(OPEN_GUARD, [change, name, forMs, JSON.stringify(before), JSON.stringify(NO_PROGRESS)]);
}

/** A guard as the history shows it; null where the change has none. */
export function shownGuard(found: unknown): ShownGuard | null {
  if (found === null || found === undefined) return null;
  const guard = found as ShownGuard;
  return { ...guard, until: new Date(guard.until).toISOString() };
}
