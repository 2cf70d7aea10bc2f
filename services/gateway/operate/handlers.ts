import type { ServiceBroker } from 'moleculer';
import type { Actor } from '../../../shared/db/audit.ts';
import { OPERATIONS, type OperationName } from '../../../shared/operations/operations.ts';
import type { ArgumentValues } from '../../../shared/operations/operation.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { actorOf } from '../http/operator.ts';
import { ignoredHeader } from '../http/parameters.ts';
import type { Handler } from '../http/serve.ts';
import { backlogOperations } from './backlog.ts';
import { breakersOperations } from './breakers.ts';
import { clientsOperations } from './clients.ts';
import { nodesOperations } from './nodes.ts';
import { ordersOperations } from './orders.ts';
import { poolsOperations } from './pools.ts';
import { queuesOperations } from './queues.ts';
import { readArguments } from './read-arguments.ts';
import { settingsOperations } from './settings.ts';
import { shardsOperations } from './shards.ts';

export interface OperateTools {
  node: NodeContext;
  broker: ServiceBroker;
}

/** What an operation does; `given` are its arguments, checked. Its answer is JSON. */
export type Run = (given: ArgumentValues, actor: Actor) => Promise<unknown>;

/** The handler of each operation: reads the arguments as its description says, and answers what it did or found. */
export function operateHandlers(tools: OperateTools): (name: OperationName) => Handler {
  const runs: Record<OperationName, Run> = {
    ...settingsOperations(tools), ...nodesOperations(tools), ...poolsOperations(tools), ...ordersOperations(tools), ...clientsOperations(tools), ...breakersOperations(tools), ...shardsOperations(tools),
    ...queuesOperations(tools), ...backlogOperations(tools),
  };
  return (name) => {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) throw new Error(`there is no operation ${name}`);
    return async (call) => {
      const { values, ignored } = await readArguments(operation, call, tools.node.settings.unknownQuery);
      return { status: 200, headers: { 'Cache-Control': 'no-store', ...ignoredHeader(ignored) }, body: JSON.stringify(await runs[name](values, actorOf(call))) };
    };
  };
}
