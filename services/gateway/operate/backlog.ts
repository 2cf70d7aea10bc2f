import { setTimeout as sleep } from 'node:timers/promises';
import { SHARDS } from '../../../shared/db/queries/shards.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';
import { predictDrain, type SinkCounts } from './predict-drain.ts';

const ASK_MS = 1_500;
const DEFAULT_OVER_MS = 3_000;
/** Ledger rows that are looked at in a shard: beyond, what waits is a lower bound. */
const ROWS = 20_000;

/** What the operation on the backlog does. */
export function backlogOperations({ node: { database: { pool }, settings }, broker }: OperateTools): Record<'backlog.show', Run> {
  const count = async (): Promise<Map<string, SinkCounts>> => {
    const [rows, { answers }] = await Promise.all([runStatement(pool, SHARDS, [null, ROWS], settings.statementTimeout), askAll(broker, 'node.flow', ASK_MS)]);
    const sinks = new Map<string, SinkCounts>();
    for (const [name, , owner, waiting, oldest, capped] of rows) {
      const sink = String(name);
      const found = sinks.get(sink) ?? { waiting: 0, oldestS: 0, unowned: 0, capped: false, sent: answers.reduce((sum, { figures }) => sum + (figures[`relay_messages_total:${sink}`] ?? 0), 0), atMs: performance.now() };
      sinks.set(sink, { ...found, waiting: found.waiting + Number(waiting), oldestS: Math.max(found.oldestS, Number(oldest ?? 0)), unowned: found.unowned + (owner === null ? 1 : 0), capped: found.capped || capped === true });
    }
    return sinks;
  };
  return {
    'backlog.show': async ({ over }) => {
      const before = await count();
      await sleep(Number(over ?? DEFAULT_OVER_MS));
      const now = await count();
      return { sinks: [...now].map(([sink, counts]) => ({ sink, ...predictDrain(before.get(sink) ?? counts, counts) })) };
    },
  };
}
