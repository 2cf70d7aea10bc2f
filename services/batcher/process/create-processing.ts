import type { ServiceBroker } from 'moleculer';
import type { Events } from '../../../shared/contracts/actions.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import type { HttpPools } from '../../../shared/http/http-pools.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { columnsOf } from '../../../shared/records/columns.ts';
import { sinkName, type RecordKind } from '../../../shared/records/record-kind.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { AnswerWatch } from './answer-watch.ts';
import { bindStep, recordsOf, servicesOf } from './bind-step.ts';
import type { BoundStep } from './carry-items.ts';
import { ItemStore } from './item-store.ts';
import { Processing, tagsOf } from './processing.ts';

/**
 * A node's part in carrying out the items of kinds with a `process` step.
 * @param http of the node; whoever opened it closes it
 */
export function createProcessing(node: NodeContext, broker: ServiceBroker, http: HttpPools): Processing {
  const { settings, metrics, log, database } = node;
  const kinds = [...node.kinds.values()];
  const tables = new Map(kinds.map((kind) => [kind.name, { table: database.orm.getMetadata().get(kind.entity.meta.class).tableName, columns: columnsOf(database.orm, kind) }]));
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(database.pool, statement, values, settings.statementTimeout);
  const answers = new AnswerWatch(run, log);
  // A nudge: the relays look by themselves.
  const onHandOut = (sink: string) => void broker.broadcast('ledger.appended', { sinks: [sink], shards: [] } satisfies Events['ledger.appended']);
  const carriedOut = ({ process }: BoundStep['record']): BoundStep['carriedOut'] =>
    process.elsewhere === undefined ? { call: bindStep(process, broker) } : { elsewhere: { sink: sinkName({ to: 'kafka', on: [], ...process.elsewhere }, settings), answers, onHandOut } };
  return new Processing({
    store: new ItemStore(run, node.nodeId),
    answers,
    steps: new Map(kinds.flatMap((kind): [string, BoundStep][] => (isProcessed(kind) ? [[kind.name, { record: kind, carriedOut: carriedOut(kind), checkResult: compileItemCheck(kind.process.result, []) }]] : []))),
    self: { nodeId: node.nodeId, tags: tagsOf(settings) },
    context: { settings, record: recordsOf(database.pool, settings.statementTimeout, tables), service: servicesOf(http, settings) },
    log,
    random: Math.random,
    onAttempt(kind, end, ms) {
      metrics.count('batcher_attempts_total', { kind, outcome: end });
      metrics.observe('batcher_attempt_seconds', { kind }, ms / 1_000);
    },
  });
}

function isProcessed(kind: RecordKind): kind is BoundStep['record'] {
  return kind.process !== undefined;
}
