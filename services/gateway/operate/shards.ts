import { setTimeout as sleep } from 'node:timers/promises';
import type { Actions } from '../../../shared/contracts/actions.ts';
import type { ListedShard } from '../../../shared/contracts/delivery.ts';
import { writeAudit } from '../../../shared/db/audit.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { SHARDS } from '../../../shared/db/queries/shards.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { isDrained, nodesWith } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 2_000;
/** Ledger rows that are looked at in a shard: beyond, what waits is a lower bound. */
const ROWS = 2_000;
/** How long what is in flight may take. */
const GIVE_TRIES = 10;
const GIVE_PAUSE_MS = 250;

/** What the operations on shards do. */
export function shardsOperations({ node: { database: { pool }, settings }, broker }: OperateTools): Record<Extract<OperationName, `shards.${string}`>, Run> {
  const list = async (sink: string | null): Promise<ListedShard[]> =>
    (await runStatement(pool, SHARDS, [sink, ROWS], settings.statementTimeout)).map(([name, shard, owner, waiting, oldest, capped]) => ({ sink: name as string, shard: Number(shard), owner: owner as string | null, waiting: Number(waiting), oldestS: oldest === null ? null : Math.round(Number(oldest)), capped: capped === true }));
  const give = async (nodeID: string, params: { sink: string; shard: number }) => {
    for (let tries = 0; tries < GIVE_TRIES; tries++) {
      const { given } = await broker.call<Actions['publisher.giveShard']['result'], typeof params>('publisher.giveShard', params, { nodeID, timeout: ASK_MS });
      if (given) return true;
      await sleep(GIVE_PAUSE_MS);
    }
    return false;
  };
  return {
    'shards.list': async ({ sink, waiting }) => ({ shards: (await list(sink === undefined ? null : String(sink))).filter((shard) => waiting !== true || shard.waiting > 0 || shard.owner === null) }),
    'shards.handover': async ({ sink: of, shard: number, to, dryRun }, actor) => {
      const sink = String(of);
      const shards = await list(sink);
      const found = shards.find(({ shard }) => shard === Number(number));
      if (found === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such shard', detail: `There is no shard ${String(number)} of ${sink}; GET /api/v1/shards lists them.` });
      const owned = (relay: string) => shards.filter(({ owner }) => owner === relay).length;
      const others = nodesWith(broker, 'publisher').filter((relay) => relay !== found.owner && !isDrained(broker, relay)).sort((a, b) => owned(a) - owned(b) || (a < b ? -1 : 1));
      const heir = to === undefined ? others[0] : others.find((relay) => relay === to);
      if (heir === undefined) throw new ProblemError({ status: 409, code: 'no-other-relay', title: 'No other relay', detail: to === undefined ? 'There is no other relay that takes work: start one with `sluice relay`.' : `${String(to)} is no relay that takes work and does not own it already.` });
      const change = { sink, shard: found.shard, from: found.owner, to: heir };
      if (dryRun === true) return { dryRun: true, ...change };
      const params = { sink, shard: found.shard };
      // What fails here takes its line of the audit back.
      await inTransaction(pool, 'write', settings.transactionTimeout, async (ask) => {
        await writeAudit(ask, actor, { operation: 'shards.handover', target: params, outcome: 'done', detail: { from: found.owner, to: heir } });
        if (found.owner !== null && !(await give(found.owner, params))) throw new ProblemError({ status: 409, code: 'in-flight', title: 'Still in flight', detail: `${found.owner} still waits for an answer about what it sent of shard ${found.shard}. It gives the shard back when that has come, and whoever has room takes it.` });
        const { taken } = await broker.call<Actions['publisher.takeShard']['result'], typeof params>('publisher.takeShard', params, { nodeID: heir, timeout: ASK_MS });
        if (!taken) throw new ProblemError({ status: 409, code: 'taken-by-another', title: 'Taken by another', detail: `Another relay was quicker to take shard ${found.shard}; GET /api/v1/shards shows who.` });
      });
      return change;
    },
  };
}
