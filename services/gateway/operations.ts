import type { ServiceBroker } from 'moleculer';
import type { BatchCommand } from '../../shared/batches/states.ts';
import type { NamedStatement } from '../../shared/db/queries/flush.ts';
import { LARGE_KIND } from '../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { isOperation, type OperationName } from '../../shared/operations/operations.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import { missingSetting } from '../../shared/records/process-step.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { compileItemCheck } from '../../shared/records/validate-item.ts';
import { compileWire } from '../../shared/records/wire.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { EventHub } from './batches/events/event-hub.ts';
import { readMoment } from './batches/events/read-moment.ts';
import type { Sessions } from './access/sessions.ts';
import { consoleHandlers } from './console/handlers.ts';
import { isConsoleOperation, type ConsoleOperation } from './console/routes.ts';
import { createLiveHub } from './live/create-live-hub.ts';
import { batchHandlers } from './batches/handlers.ts';
import type { Retry } from './batches/retry-batch.ts';
import { countKept, retryFailed } from './batches/retry-failed.ts';
import { isBatchOperation, type BatchOperation } from './batches/routes.ts';
import { letterHandlers } from './dead-letters/handlers.ts';
import { isLetterOperation, type LetterOperation } from './dead-letters/routes.ts';
import { submissionHandlers } from './submissions/handlers.ts';
import { isSubmissionOperation, type SubmissionOperation } from './submissions/routes.ts';
import { docsFile } from './docs/docs-file.ts';
import { mayRead } from '../../shared/access/authenticate.ts';
import { readiness } from './health.ts';
import { watchTargets } from './metrics-targets.ts';
import type { Answer, Call } from './http/call.ts';
import type { Handler } from './http/serve.ts';
import { noSuchRoute } from './http/unknown-route.ts';
import { batch, get, items, list } from './list/handlers.ts';
import { getRecords, recordReader } from './list/record-reader.ts';
import { buildOpenApi } from './openapi/build.ts';
import { createOrders } from './orders/create-orders.ts';
import { JoinedValues } from './orders/joined-values.ts';
import { lookupHandler } from './orders/lookups.ts';
import { isLookupOperation, type LookupOperation } from './orders/routes.ts';
import { receipts } from './receipts/handlers.ts';
import type { ReceiptTools } from './receipts/read-receipts.ts';
import { relayViews } from './receipts/relay-view.ts';
import { operateHandlers } from './operate/handlers.ts';
import type { Operation, Route } from './routes-table.ts';
import { verifyHandler } from './verify/handler.ts';
import type { VerifiedTable } from '../../shared/law/check-law.ts';
import { assertConfigured, patchUpload, postUpload, type UploadTools } from './upload/post-upload.ts';
import { steerBatch } from './upload/steer-batch.ts';
import { uploadCalls } from './upload/upload-calls.ts';
import { deleteOne } from './write/delete-one.ts';
import { intakeCalls, type Intake, type ServedKind } from './write/intake.ts';
import { postBatch } from './write/post-batch.ts';
import { postOne } from './write/post-one.ts';
import { putOne } from './write/put-one.ts';

/** The server's own limits end a transaction first: that leaves the connection whole. */
const GRACE_MS = 1_000;
const EVENTS_POLL_MS = 1_000;
const EVENTS_HEARTBEAT_MS = 10_000;

/** The handler of each operation, bound to what it needs. */
export function operationHandlers(node: NodeContext, broker: ServiceBroker, sessions: Sessions): (route: Route) => Handler {
  const { settings } = node;
  const kinds = new Map([...node.kinds].map(([name, record]) => [name, servedKind(node, record)]));
  const intake: Intake = {
    ...intakeCalls(broker),
    gate: node.gate,
    limits: settings,
    stored: (kind, ids) => getRecords(kind.reader, ids),
  };
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(node.database.pool, statement, values, settings.statementTimeout);
  const receiptTools: ReceiptTools = {
    run,
    relays: relayViews(broker, () => performance.now()),
    events: new Set([...kinds.values()].filter(({ record }) => record.order === 'events').map(({ record }) => record.name)),
  };
  const upload: UploadTools = { calls: uploadCalls(broker), limits: settings, missingFor: ({ process }) => (process === undefined ? undefined : missingSetting(process, settings)) };
  const kindOfBatch = async (id: string, client: string) => kinds.get(((await run(LARGE_KIND, [id, client]))[0]?.[0] as string | undefined) ?? '');
  const openapi = JSON.stringify(buildOpenApi([...kinds.values()], settings));
  const kindOf = (route: Route): ServedKind => {
    const kind = kinds.get(route.kind?.name ?? '');
    if (kind === undefined) throw new Error(`the route ${route.path} names no kind of this node`);
    return kind;
  };
  const verifyCall = verifyHandler({ pool: node.database.pool, tables: [...kinds.values()].map(verifiedTable(node)), timeoutMs: settings.verifyTimeout, unknownQuery: settings.unknownQuery });
  const letters = letterHandlers({
    pool: node.database.pool,
    timeoutMs: settings.transactionTimeout + GRACE_MS,
    stateTables: [...kinds.values()].filter(({ record }) => record.order !== 'events').map(verifiedTable(node)),
    rate: {
      get default() {
        return Math.min(settings.replayRate, settings.replayMaxRate);
      },
      get max() {
        return settings.replayMaxRate;
      },
    },
  }, settings.unknownQuery);
  const hub = new EventHub({
    read: (id, after) => readMoment(run, id, after),
    get most() {
      return settings.maxEventStreams;
    }, pollMs: EVENTS_POLL_MS, heartbeatMs: EVENTS_HEARTBEAT_MS, now: () => performance.now(),
    onListeners: (count) => node.metrics.set('gateway_event_streams', {}, count),
    onError: (error) => node.log.warn({ err: error }, 'batches that are listened to could not be looked at; tried again'),
  });
  node.onDrain.push(() => hub.close());
  /** What failed in a step is kept; what was refused for what it is, is not. */
  const retryOf = (kind: ServedKind | undefined): Retry | undefined => (kind?.record.process === undefined ? undefined : {
    carryOut(request) {
      assertConfigured(upload, kind);
      return retryFailed({ run, calls: upload.calls }, request);
    },
    count: (batchId) => countKept(run, batchId),
  });
  const batches = batchHandlers({ run, broker, hub, kinds: [...kinds.keys()], settings, retryOf: (name) => retryOf(kinds.get(name)) });
  const targets = watchTargets(broker, settings.namespace);
  const consoles = consoleHandlers({ sessions, keys: node.keys, hub: createLiveHub(node, broker, run) });
  const submissions = submissionHandlers({ broker, run, limits: settings });
  const make: Record<Exclude<Operation, OperationName | LookupOperation | LetterOperation | BatchOperation | SubmissionOperation | ConsoleOperation>, (route: Route) => Handler> = {
    'post-array': (route) => (call) => createOrders(intake, kindOf(route), settings.maxOrders, call),
    'post-one': (route) => (call) => postOne(intake, kindOf(route), call),
    'post-batch': (route) => (call) => postBatch(intake, kindOf(route), call),
    'post-upload': (route) => (call) => postUpload(upload, kindOf(route), call),
    'patch-upload': () => (call) => patchUpload(upload, kindOfBatch, call),
    'steer-batch': (route) => (call) => steerBatch(run, broker, route.path.split('/').at(-1) as BatchCommand, settings.unknownQuery, call),
    'put-record': (route) => (call) => putOne(intake, kindOf(route), call),
    'delete-record': (route) => (call) => deleteOne(intake, kindOf(route), call),
    'list-records': (route) => (call) => list(kindOf(route).reader, settings.unknownQuery, call),
    'get-record': (route) => (call) => get(kindOf(route).reader, settings.unknownQuery, call),
    'batch-status': () => (call) => batch(run, settings.unknownQuery, call),
    'batch-items': () => (call) => items(receiptTools, settings.unknownQuery, call),
    receipts: () => (call) => receipts(receiptTools, [...kinds.keys()], settings.unknownQuery, call),
    verify: () => verifyCall,
    'health-live': () => () => ({ status: 200, body: '{"status":"UP"}' }),
    'health-ready': () => (call) => readiness(node, broker, mayRead(call)),
    metrics: () => async () => ({ status: 200, ...(await node.metrics.text()) }),
    'metrics-targets': () => () => ({ status: 200, body: JSON.stringify(targets()) }),
    openapi: () => () => ({ status: 200, body: openapi }),
    docs: () => (call) => docsPage(call),
  };
  const operate = operateHandlers({ node, broker });
  const roomOf = ({ operation }: Route): Handler | undefined => {
    if (isOperation(operation)) return operate(operation);
    if (isLookupOperation(operation)) return lookupHandler(operation, run, settings.unknownQuery);
    if (isLetterOperation(operation)) return letters[operation];
    if (isConsoleOperation(operation)) return consoles[operation];
    if (isSubmissionOperation(operation)) return submissions[operation];
    return isBatchOperation(operation) ? batches[operation] : undefined;
  };
  return (route) => roomOf(route) ?? make[route.operation as keyof typeof make](route);
}

/** What records of the kind show of other tables; names of them are as old as they may be. */
function joinedValues({ settings, log }: NodeContext, record: RecordKind, run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>): JoinedValues {
  const onFailure = (error: unknown) => log.warn({ err: error, kind: record.name }, 'what records show of other tables could not be read again; it stays as it was');
  return new JoinedValues(record, { run, now: () => performance.now(), onFailure }, () => settings.orderNamesInterval);
}

function verifiedTable(node: NodeContext): (kind: ServedKind) => VerifiedTable {
  return ({ record, columns }) => ({
    kind: record.name,
    table: node.database.orm.getMetadata().get(record.entity.meta.class).tableName,
    idColumn: columns.find((c) => c.primary)?.column ?? 'id',
  });
}

async function docsPage(call: Call): Promise<Answer> {
  const file = await docsFile(call.params.file);
  if (file === undefined) throw noSuchRoute();
  return { status: 200, contentType: file.contentType, headers: file.headers, body: file.bytes };
}

function servedKind(node: NodeContext, record: RecordKind): ServedKind {
  const columns = columnsOf(node.database.orm, record);
  const wire = compileWire(record, columns);
  const reader = recordReader(node.database.pool, record, columns, wire, node.settings.statementTimeout, node.settings.eagerLoading);
  return {
    record,
    columns,
    wire,
    reader,
    joined: record.joined === undefined ? undefined : joinedValues(node, record, (statement, values) => reader.run(statement, values)),
    checkChange: record.change === undefined ? undefined : compileItemCheck(record.change.rules, []),
  };
}
