import { writeAudit } from '../../../shared/db/audit.ts';
import type { AtWork } from '../../../shared/contracts/pools.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { CONNECTIONS_AT_WORK, END_CONNECTION, NODE_APPLICATION } from '../../../shared/db/queries/activity.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperateTools, Run } from './handlers.ts';

const DEFAULT_LIMIT = 50;
const NOT_ALLOWED = '42501';

/** What the operations on single connections of PostgreSQL do. */
export function connectionsOperations({ node: { database: { pool }, settings } }: OperateTools): Record<'pools.activity' | 'pools.disconnect', Run> {
  const atWork = async (limit: number, pid: number | null): Promise<AtWork[]> => (await runStatement(pool, CONNECTIONS_AT_WORK, [limit, pid], settings.statementTimeout)).map(readAtWork);
  return {
    'pools.activity': async ({ limit }) => ({ connections: (await atWork(Number(limit ?? DEFAULT_LIMIT), null)) }),
    'pools.disconnect': async ({ pid: given, force, why, dryRun }, actor) => {
      const pid = Number(given);
      const [found] = await atWork(1, pid);
      if (found === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such connection', detail: `PostgreSQL has no connection ${pid} to this database; it may have ended by itself.` });
      if (found.ofNode && force !== true) throw new ProblemError({ status: 409, code: 'connection-of-a-node', title: 'A connection of Sluice', detail: `The connection ${pid} belongs to a node (${found.application}). With force it is ended all the same: the node opens another.`, extra: { connection: found } });
      if (dryRun === true) return { dryRun: true, connection: found };
      await inTransaction(pool, 'write', settings.transactionTimeout, async (ask) => {
        await writeAudit(ask, actor, { operation: 'pools.disconnect', target: { pid }, outcome: 'done', detail: { application: found.application, state: found.state, holdsUp: found.holdsUp, openMs: found.openMs, why: why ?? null } });
        const [row] = await ask(END_CONNECTION, [pid]);
        if (row?.[0] === null) throw new ProblemError({ status: 409, code: 'connection-in-use', title: 'In use here', detail: `Sluice asked PostgreSQL for this on the connection ${pid} itself: it holds nobody up. Look again with pools activity.` });
      }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== NOT_ALLOWED) throw error;
        throw new ProblemError({ status: 409, code: 'not-allowed', title: 'Not allowed', detail: `PostgreSQL lets Sluice's user end connections of its own alone; grant it the role pg_signal_backend, or end ${pid} as the user whose it is.`, cause: error });
      });
      return { connection: found };
    },
  };
}

function readAtWork([pid, application, state, openMs, stateMs, waitsFor, holdsUp, statement]: readonly unknown[]): AtWork {
  const name = (application ?? '') as string;
  return {
    pid: Number(pid), application: name, ofNode: name.startsWith(NODE_APPLICATION), state: (state ?? '') as string, openMs: openMs === null ? null : Math.round(Number(openMs)), stateMs: stateMs === null ? null : Math.round(Number(stateMs)),
    waitsFor: waitsFor as string | null, holdsUp: Number(holdsUp), statement: (statement as string | null)?.toUpperCase() ?? null,
  };
}
