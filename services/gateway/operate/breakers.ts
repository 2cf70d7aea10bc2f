import { writeAudit } from '../../../shared/db/audit.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 1_500;

/** What the operations on breakers do. */
export function breakersOperations({ node: { database: { pool }, settings }, broker }: OperateTools): Record<Extract<OperationName, `breakers.${string}`>, Run> {
  const list = async () => {
    const { answers, silent } = await askAll(broker, 'node.breakers', ASK_MS);
    const breakers = answers.flatMap(({ node, breakers: own }) => own.map((breaker) => ({ ...breaker, node })));
    return { breakers: breakers.sort((a, b) => (`${a.name} ${a.node}` < `${b.name} ${b.node}` ? -1 : 1)), silent };
  };
  const set = (open: boolean): Run => async ({ breaker: given, why, dryRun }, actor) => {
    const name = String(given);
    const { breakers, silent } = await list();
    const found = breakers.filter((one) => one.name === name);
    if (found.length === 0) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such breaker', detail: `No node has a breaker ${name}; there are ${[...new Set(breakers.map((one) => one.name))].join(', ') || 'none'}.` });
    const change = { breaker: name, to: open ? 'open' : 'closed', nodes: found.map(({ node, state, tripped }) => ({ node, from: state, tripped })), silent };
    if (dryRun === true) return { dryRun: true, ...change };
    // Noted first: what is not in the audit was not done.
    await inTransaction(pool, 'write', settings.transactionTimeout, (ask) => writeAudit(ask, actor, { operation: open ? 'breakers.trip' : 'breakers.reset', target: { breaker: name }, outcome: 'done', detail: { nodes: found.map(({ node, state }) => ({ node, from: state })), why: why ?? null } }));
    await Promise.all(found.map(({ node }) => broker.call('node.setBreaker', { name, open }, { nodeID: node, timeout: ASK_MS })));
    return change;
  };
  return { 'breakers.list': list, 'breakers.trip': set(true), 'breakers.reset': set(false) };
}
