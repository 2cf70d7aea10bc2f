import type { Actions } from '../../../shared/contracts/actions.ts';
import { writeAudit } from '../../../shared/db/audit.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { LOCK_DUTY } from '../../../shared/db/queries/operations.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { askAll, nodesWith } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 1_500;
/** Services that take work, and what is not done without one. */
const WITHOUT = { gateway: 'no request would be taken in.', writer: 'nothing would be written.', publisher: 'nothing would be delivered.' } as const;
const WORKING = Object.keys(WITHOUT) as (keyof typeof WITHOUT)[];

const noSuchNode = (node: string) => new ProblemError({ status: 404, code: 'not-found', title: 'No such node', detail: `There is no node ${node} in the fleet right now; GET /api/v1/nodes lists them.` });

/** What the operations on nodes do. */
export function nodesOperations({ node, broker }: OperateTools): Record<Extract<OperationName, `nodes.${string}`>, Run> {
  const drain = (on: boolean): Run => async ({ node: name, force, dryRun }, actor) => {
    const nodeID = String(name);
    if (!nodesWith(broker, 'node').includes(nodeID)) throw noSuchNode(nodeID);
    return inTransaction(node.database.pool, 'write', node.settings.transactionTimeout, async (ask) => {
      await ask(LOCK_DUTY, []);
      // Asked of the nodes themselves: what the registry knows may be a moment old.
      const { answers } = await askAll(broker, 'node.health', ASK_MS);
      const isOff = ({ parts }: (typeof answers)[number]) => parts.duty?.status === 'down';
      const own = answers.find((one) => one.node === nodeID);
      if (own === undefined) throw new ProblemError({ status: 503, code: 'no-answer', title: 'No answer', detail: `${nodeID} does not answer right now. Nothing was changed.`, headers: { 'Retry-After': '2' } });
      const alone = on && !isOff(own) ? WORKING.filter((service) => own.services.includes(service) && !answers.some((one) => one.node !== nodeID && one.services.includes(service) && !isOff(one))) : [];
      if (alone.length > 0 && force !== true) throw new ProblemError({ status: 409, code: 'last-of-its-kind', title: 'The last one', detail: `No other node with ${alone.join(' and ')} takes work: ${alone.map((service) => WITHOUT[service]).join(' ')} With force it is drained all the same.` });
      const change = { node: nodeID, from: isOff(own) ? 'drained' : 'working', to: on ? 'drained' : 'working', lastOf: alone };
      if (dryRun === true) return { dryRun: true, ...change };
      await writeAudit(ask, actor, { operation: on ? 'nodes.drain' : 'nodes.undrain', target: { node: nodeID }, outcome: 'done', detail: { from: change.from, force: force === true } });
      await broker.call('node.drain', { on }, { nodeID, timeout: ASK_MS });
      return change;
    });
  };
  return {
    'nodes.list': async () => {
      const [about, health] = await Promise.all([askAll(broker, 'node.about', ASK_MS), askAll(broker, 'node.health', ASK_MS)]);
      const nodes = about.answers.map(({ settings: _, ...told }) => {
        const found = health.answers.find((one) => one.node === told.node);
        return { ...told, ready: found?.ready ?? null, parts: found?.parts ?? {} };
      });
      return { nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)), silent: [...new Set([...about.silent, ...health.silent])] };
    },
    'nodes.log-level': async ({ node: name, level, dryRun }, actor) => {
      const nodeID = String(name);
      if (!nodesWith(broker, 'node').includes(nodeID)) throw noSuchNode(nodeID);
      const about: Actions['node.about']['result'] = await broker.call('node.about', {}, { nodeID, timeout: ASK_MS });
      const change = { node: nodeID, from: about.logLevel, to: String(level) };
      if (dryRun === true) return { dryRun: true, ...change };
      // Noted first: what is not in the audit was not done.
      await inTransaction(node.database.pool, 'write', node.settings.transactionTimeout, (ask) => writeAudit(ask, actor, { operation: 'nodes.log-level', target: { node: nodeID }, outcome: 'done', detail: { from: change.from, to: change.to } }));
      await broker.call('node.logLevel', { level: String(level) }, { nodeID, timeout: ASK_MS });
      return change;
    },
    'nodes.drain': drain(true),
    'nodes.undrain': drain(false),
  };
}
