import { defineEntity, p } from '@mikro-orm/core';
import { canonicalDecimal, rawNumber } from './decimal.ts';
import { defineRecordKind, type RecordRow } from './record-kind.ts';

const STATUSES = ['NEW', 'SENT', 'PENDING', 'WORK', 'PART', 'FULL', 'FILLED', 'HOLD', 'CANCELLED', 'REJECTED'] as const;
const TRADE_TYPES = ['BUY', 'SELL', 'SHORT', 'COVER', 'EXRC'] as const;
const INT_MAX = 2_147_483_647;
const money = { type: 'decimal', precision: 18, scale: 8 } as const;

const Execution = defineEntity({
  name: 'Execution',
  tableName: 'execution',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    executionStatus: p.string().length(20),
    tradeType: p.string().length(10),
    destination: p.string().length(20),
    securityId: p.string().length(24),
    quantity: p.decimal().precision(18).scale(8),
    limitPrice: p.decimal().precision(18).scale(8).nullable(),
    receivedTimestamp: p.datetime(3),
    tradeServiceExecutionId: p.integer().nullable(),
    quantityFilled: p.decimal().precision(18).scale(8).default('0'),
    averagePrice: p.decimal().precision(18).scale(8).nullable(),
    version: p.integer().default(1),
  },
  indexes: [
    // Each with the id: a filter's page comes in the order of ids, however deep, and a sort breaks its ties.
    { name: 'execution_status_id', properties: ['executionStatus', 'id'] },
    { name: 'execution_trade_type_id', properties: ['tradeType', 'id'] },
    { name: 'execution_destination_id', properties: ['destination', 'id'] },
    { name: 'execution_security_id_id', properties: ['securityId', 'id'] },
    {
      name: 'execution_trade_service_execution_id',
      expression: 'create index "execution_trade_service_execution_id" on "execution" ("trade_service_execution_id") where "trade_service_execution_id" is not null',
    },
  ],
});

/** Executions of a trading back office: taken in, stored, delivered to `orders`, and told to the trade service when filled. */
export default defineRecordKind({
  name: 'execution',
  entity: Execution,
  rest: { collection: 'executions', one: 'execution' },
  item: {
    executionStatus: { type: 'enum', values: STATUSES, optional: true, default: 'NEW' },
    tradeType: { type: 'enum', values: TRADE_TYPES },
    destination: { type: 'text', min: 1, max: 20 },
    securityId: { type: 'text', min: 24, max: 24 },
    quantity: { ...money, sign: 'positive' },
    limitPrice: { ...money, sign: 'positive', optional: true },
    tradeServiceExecutionId: { type: 'whole', min: 0, max: INT_MAX, optional: true },
  },
  ignored: ['version'],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'receivedTimestamp', 'sentTimestamp', 'tradeServiceExecutionId', 'quantityFilled', 'averagePrice', 'version'],
  sinks: [
    { to: 'kafka', topicSetting: 'ordersTopic', on: ['insert', 'update'] },
    {
      to: 'http',
      service: 'trade-service',
      urlSetting: 'tradeServiceUrl',
      on: ['update'],
      applies: (row) => row.tradeServiceExecutionId !== null,
      async tell(row, http) {
        const path = `/api/v1/executions/${String(row.tradeServiceExecutionId)}`;
        const theirs = (await http.get(path)) as { version?: unknown };
        await http.put(`${path}/fill`, { executionStatus: row.executionStatus, quantityFilled: rawNumber(row.quantityFilled), version: theirs.version });
      },
    },
  ],
  constraints: {},
  list: {
    filters: {
      id: { property: 'id', type: 'whole' },
      executionStatus: { property: 'executionStatus', type: 'choice', values: STATUSES },
      tradeType: { property: 'tradeType', type: 'choice', values: TRADE_TYPES },
      destination: { property: 'destination', type: 'text' },
      securityId: { property: 'securityId', type: 'text' },
      tradeServiceExecutionId: { property: 'tradeServiceExecutionId', type: 'whole' },
    },
    sorts: {
      id: 'id', executionStatus: 'executionStatus', tradeType: 'tradeType', destination: 'destination', securityId: 'securityId',
      quantity: 'quantity', limitPrice: 'limitPrice', receivedTimestamp: 'receivedTimestamp', sentTimestamp: 'sentTimestamp',
    },
  },
  change: {
    rules: {
      quantityFilled: { ...money, sign: 'natural', optional: true },
      averagePrice: { ...money, sign: 'natural', optional: true },
      executionStatus: { type: 'enum', values: ['CANCELLED', 'CANCEL'], optional: true },
      version: { type: 'whole', min: 1, max: INT_MAX },
    },
    apply: applyChange,
  },
});

/** A fill (quantityFilled is the new total) moves the status to PART or FULL; a cancellation changes the status alone. */
function applyChange(current: RecordRow, body: RecordRow) {
  const filled = body.quantityFilled ?? undefined;
  const cancelled = body.executionStatus ?? undefined;
  if (filled === undefined && cancelled === undefined)
    return { faults: [{ pointer: '/quantityFilled', code: 'required', message: 'Give quantityFilled (with averagePrice), or executionStatus CANCELLED.' }] };
  if (filled !== undefined && cancelled !== undefined)
    return { faults: [{ pointer: '/executionStatus', code: 'conflict', message: 'A fill and a cancellation cannot be one change; send one, then the other.' }] };
  if (cancelled !== undefined) return { set: { executionStatus: 'CANCELLED' } };
  const set: RecordRow = { quantityFilled: filled, executionStatus: units(filled) >= units(current.quantity) ? 'FULL' : 'PART' };
  if (body.averagePrice != null) set.averagePrice = body.averagePrice;
  return { set };
}

/** A stored decimal in units of its last digit, to compare exactly. */
function units(value: unknown): bigint {
  const result = canonicalDecimal(value, money.precision, money.scale);
  if ('fault' in result) throw new Error(`a stored decimal can't be read (${result.fault})`);
  return BigInt(result.text.replace('.', ''));
}
