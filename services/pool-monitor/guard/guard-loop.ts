import type { ServiceBroker } from 'moleculer';
import type { SettingName } from '../../../shared/config/settings.ts';
import type { Baseline, Progress } from '../../../shared/contracts/guards.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { KEEP_PROGRESS, WATCHING_GUARD } from '../../../shared/db/queries/setting-guards.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { SETTINGS_CHANGED } from '../../../shared/live/follow-settings.ts';
import { every, type Loop } from '../../../shared/runtime/every.ts';
import { askAll, firstWith } from '../../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { endGuard } from './end-guard.ts';
import { progressed, verdict } from './judge-change.ts';
import { RoundMeter } from './measure-rounds.ts';

const ASK_MS = 2_000;
/** Every node runs a change by then; what was answered before says nothing of it. */
const TAKEN_MS = 3_000;

/**
 * The watch over guarded changes of settings, and the loop that runs its rounds. Of all nodes that could, the one with the first name
 * measures and judges; what it has found stands in the database, where the next one goes on.
 */
export function guardLoop(node: NodeContext, broker: ServiceBroker): { baseline(): Baseline; loop: Loop } {
  const { settings, log, database: { pool } } = node;
  const meter = new RoundMeter();
  const round = async () => {
    const first = firstWith(broker, 'pool-monitor');
    if (first !== undefined && first !== node.nodeId) {
      meter.forget();
      return;
    }
    const { answers } = await askAll(broker, 'node.answered', ASK_MS);
    const now = performance.now();
    const measured = meter.take(answers, now);
    const [row] = await runStatement(pool, WATCHING_GUARD, [], settings.statementTimeout);
    if (row === undefined) return;
    const [change, name, sinceMs, over, before, kept] = row as [unknown, SettingName, unknown, boolean, Baseline, Progress];
    const begunAt = now - Number(sinceMs);
    if (now < begunAt + TAKEN_MS) meter.cut();
    const counts = measured !== undefined && measured.beganAt >= begunAt + TAKEN_MS;
    const after = counts ? progressed(kept, measured, before) : kept;
    const end = verdict(before, after, over);
    if (end === undefined) {
      if (counts) await runStatement(pool, KEEP_PROGRESS, [Number(change), JSON.stringify(after)], settings.statementTimeout);
      return;
    }
    const ended = await inTransaction(pool, 'write', settings.transactionTimeout, (ask) => endGuard(ask, { change: Number(change), name, before, after, ...end }));
    if (!ended) return;
    log[end.outcome === 'reverted' ? 'warn' : 'info']({ setting: name, change: Number(change), ...end }, 'the guard of a change of a setting ended');
    if (end.outcome !== 'reverted') return;
    meter.dropSince(begunAt);
    await broker.broadcast(SETTINGS_CHANGED, {});
  };
  return { baseline: () => meter.baseline(performance.now()), loop: every(settings.poolSampleInterval, round, (error) => log.warn({ err: error }, 'guarded changes of settings could not be judged; tried again')) };
}
