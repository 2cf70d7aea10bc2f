import type { ServiceBroker } from 'moleculer';
import { columnsOf } from '../../shared/records/columns.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { compileItemCheck } from '../../shared/records/validate-item.ts';
import { compileWire } from '../../shared/records/wire.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { readiness } from './health.ts';
import type { Handler } from './http/serve.ts';
import type { Operation, Route } from './routes-table.ts';
import { intakeCalls, type Intake, type ServedKind } from './write/intake.ts';
import { postBatch } from './write/post-batch.ts';
import { postOne } from './write/post-one.ts';
import { putOne } from './write/put-one.ts';

/** The handler of each operation, bound to what it needs. */
export function operationHandlers(node: NodeContext, broker: ServiceBroker): (route: Route) => Handler {
  const { settings } = node;
  const kinds = new Map([...node.kinds].map(([name, record]) => [name, servedKind(node, record)]));
  const intake: Intake = {
    ...intakeCalls(broker),
    limits: { maxBodyBytes: settings.maxBodyBytes, maxBatchItems: settings.maxBatchItems },
    stored: async () => new Map(),
  };
  const kindOf = (route: Route): ServedKind => {
    const kind = kinds.get(route.kind?.name ?? '');
    if (kind === undefined) throw new Error(`the route ${route.path} names no kind of this node`);
    return kind;
  };
  const make: Record<Operation, (route: Route) => Handler> = {
    'post-one': (route) => (call) => postOne(intake, kindOf(route), call),
    'post-batch': (route) => (call) => postBatch(intake, kindOf(route), call),
    'put-record': (route) => (call) => putOne(intake, kindOf(route), call),
    'list-records': () => () => ({ status: 501 }),
    'get-record': () => () => ({ status: 501 }),
    'batch-status': () => () => ({ status: 501 }),
    'batch-items': () => () => ({ status: 501 }),
    'health-live': () => () => ({ status: 200, body: '{"status":"UP"}' }),
    'health-ready': () => () => readiness(node, broker),
    metrics: () => async () => ({ status: 200, contentType: node.metrics.registry.contentType, body: await node.metrics.registry.metrics() }),
    openapi: () => () => ({ status: 501 }),
    docs: () => () => ({ status: 501 }),
  };
  return (route) => make[route.operation](route);
}

function servedKind(node: NodeContext, record: RecordKind): ServedKind {
  const columns = columnsOf(node.database.orm, record);
  return {
    record,
    table: node.database.orm.getMetadata().get(record.entity.meta.class).tableName,
    columns,
    wire: compileWire(record, columns),
    checkChange: record.change === undefined ? undefined : compileItemCheck(record.change.rules, []),
  };
}
