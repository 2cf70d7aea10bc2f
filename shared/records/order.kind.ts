import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind, type RecordRow } from './record-kind.ts';

const INT_MAX = 2_147_483_647;
const money = { type: 'decimal', precision: 18, scale: 8 } as const;
const IN_SUBMISSION = { pointer: '', code: 'in-submission', message: 'The order is being submitted to the trade service; read it again when that has ended.' };
/** The status of orders that may be submitted. */
const NEW = 1;

const OrderStatus = defineEntity({
  name: 'OrderStatus',
  tableName: 'order_status',
  properties: { id: p.integer().primary().autoincrement(false), abbreviation: p.string().length(20), description: p.string().length(60), version: p.integer().default(1) },
});
const OrderType = defineEntity({
  name: 'OrderType',
  tableName: 'order_type',
  properties: { id: p.integer().primary().autoincrement(false), abbreviation: p.string().length(20), description: p.string().length(60), version: p.integer().default(1) },
});
const Blotter = defineEntity({
  name: 'Blotter',
  tableName: 'blotter',
  properties: { id: p.integer().primary().autoincrement(false), name: p.string().length(60), version: p.integer().default(1) },
});

const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    blotterId: () => p.manyToOne(Blotter).mapToPk().fieldName('blotter_id').foreignKeyName('orders_blotter_id_foreign').deleteRule('no action').updateRule('no action').nullable(),
    statusId: () => p.manyToOne(OrderStatus).mapToPk().fieldName('status_id').foreignKeyName('orders_status_id_foreign').deleteRule('no action').updateRule('no action'),
    portfolioId: p.string().length(24),
    orderTypeId: () => p.manyToOne(OrderType).mapToPk().fieldName('order_type_id').foreignKeyName('orders_order_type_id_foreign').deleteRule('no action').updateRule('no action'),
    securityId: p.string().length(24),
    quantity: p.decimal().precision(18).scale(8),
    limitPrice: p.decimal().precision(18).scale(8).nullable(),
    orderTimestamp: p.datetime(3),
    tradeOrderId: p.integer().nullable(),
    version: p.integer().default(1),
    submissionId: p.uuid().nullable(),
    submissionUntil: p.datetime(6).nullable(),
    submissionStarted: p.datetime(6).nullable(),
    submissionFlag: p.text().nullable(),
  },
  uniques: [{ name: 'orders_trade_order_id_unique', properties: ['tradeOrderId'] }],
});

const lookup = (via: string, table: string, column: string) => ({ via, table, key: 'id', column });

/** Orders: taken in and listed here, submitted to a trade service (services/batcher/submission), told of on `order-events`. */
export default defineRecordKind({
  name: 'order',
  entity: Order,
  lookups: [Blotter, OrderStatus, OrderType],
  rest: { collection: 'orders', one: 'order', bulk: 'array' },
  item: {
    blotterId: { type: 'whole', min: 1, max: INT_MAX, optional: true },
    statusId: { type: 'whole', min: 1, max: INT_MAX },
    portfolioId: { type: 'text', min: 24, max: 24 },
    orderTypeId: { type: 'whole', min: 1, max: INT_MAX },
    securityId: { type: 'text', min: 24, max: 24 },
    quantity: { ...money, sign: 'positive' },
    limitPrice: { ...money, sign: 'positive', optional: true },
    orderTimestamp: { type: 'instant' },
    tradeOrderId: { type: 'whole', min: 1, max: INT_MAX, optional: true },
  },
  ignored: ['version', 'id'],
  joined: {
    blotterName: lookup('blotterId', 'blotter', 'name'),
    statusAbbreviation: lookup('statusId', 'order_status', 'abbreviation'),
    statusDescription: lookup('statusId', 'order_status', 'description'),
    orderTypeAbbreviation: lookup('orderTypeId', 'order_type', 'abbreviation'),
    orderTypeDescription: lookup('orderTypeId', 'order_type', 'description'),
    portfolioName: { via: 'portfolioId', table: 'portfolio_name', key: 'portfolio_id', column: 'name', changedAt: 'asked_at' },
    ticker: { via: 'securityId', table: 'security_ticker', key: 'security_id', column: 'ticker', changedAt: 'asked_at' },
  },
  references: { blotterId: 'orders_blotter_id_foreign', statusId: 'orders_status_id_foreign', orderTypeId: 'orders_order_type_id_foreign' },
  wire: [
    'id',
    { name: 'blotter', members: { id: 'blotterId', name: 'blotterName' }, nullWith: 'blotterId' },
    { name: 'status', members: { id: 'statusId', abbreviation: 'statusAbbreviation', description: 'statusDescription' } },
    { name: 'portfolio', members: { portfolioId: 'portfolioId', name: 'portfolioName' } },
    { name: 'orderType', members: { id: 'orderTypeId', abbreviation: 'orderTypeAbbreviation', description: 'orderTypeDescription' } },
    { name: 'security', members: { securityId: 'securityId', ticker: 'ticker' } },
    'quantity', 'limitPrice', 'orderTimestamp', 'tradeOrderId', 'version',
  ],
  order: 'events',
  sinks: [{ to: 'kafka', topicSetting: 'orderEventsTopic', on: ['insert', 'update', 'delete'] }],
  constraints: {
    orders_blotter_id_foreign: { pointer: '/blotterId', code: 'unknown-blotter', message: '"blotterId" names no blotter; GET /api/v1/blotters lists them.' },
    orders_status_id_foreign: { pointer: '/statusId', code: 'unknown-status', message: '"statusId" names no status; GET /api/v1/statuses lists them.' },
    orders_order_type_id_foreign: { pointer: '/orderTypeId', code: 'unknown-order-type', message: '"orderTypeId" names no type of order; GET /api/v1/orderTypes lists them.' },
    orders_trade_order_id_unique: { pointer: '/tradeOrderId', code: 'duplicate', message: 'Another order has this tradeOrderId.' },
  },
  list: {
    sortParameter: 'sort',
    mostLimit: 1_000,
    filters: {
      id: { property: 'id', type: 'whole' },
      'security.ticker': { property: 'ticker', type: 'text' },
      'portfolio.name': { property: 'portfolioName', type: 'text' },
      'blotter.name': { property: 'blotterName', type: 'text' },
      'status.abbreviation': { property: 'statusAbbreviation', type: 'text' },
      'orderType.abbreviation': { property: 'orderTypeAbbreviation', type: 'text' },
    },
    sorts: {
      id: 'id', quantity: 'quantity', orderTimestamp: 'orderTimestamp', 'security.ticker': 'ticker', 'portfolio.name': 'portfolioName',
      'blotter.name': 'blotterName', 'status.abbreviation': 'statusAbbreviation', 'orderType.abbreviation': 'orderTypeAbbreviation',
    },
  },
  change: {
    rules: {
      id: { type: 'whole', min: 1, max: Number.MAX_SAFE_INTEGER, optional: true },
      blotterId: { type: 'whole', min: 1, max: INT_MAX, optional: true },
      statusId: { type: 'whole', min: 1, max: INT_MAX },
      portfolioId: { type: 'text', min: 24, max: 24 },
      orderTypeId: { type: 'whole', min: 1, max: INT_MAX },
      securityId: { type: 'text', min: 24, max: 24 },
      quantity: { ...money, sign: 'positive' },
      limitPrice: { ...money, sign: 'positive', optional: true },
      orderTimestamp: { type: 'instant' },
      tradeOrderId: { type: 'whole', min: 1, max: INT_MAX, optional: true },
      version: { type: 'whole', min: 1, max: INT_MAX },
    },
    apply: replace,
  },
  removal: { forbids: (current) => (isInSubmission(current) ? IN_SUBMISSION : undefined) },
});

/** The whole record is replaced; not while it is on its way to the trade service, whose answer is about what it was. */
function replace(current: RecordRow, body: RecordRow) {
  if (isInSubmission(current)) return { conflict: true as const, faults: [IN_SUBMISSION] };
  if (body.id != null && Number(body.id) !== Number(current.id)) return { faults: [{ pointer: '/id', code: 'conflict', message: 'The id in the body is not that of the path.' }] };
  const { id: _, version: __, ...set } = body;
  return { set: { blotterId: null, limitPrice: null, tradeOrderId: null, ...set } };
}

/** Whether an order is claimed for the trade service, and what became of it is not known yet. */
export function isInSubmission(row: RecordRow): boolean {
  return Number(row.statusId) === NEW && row.submissionId !== null && row.submissionId !== undefined;
}
