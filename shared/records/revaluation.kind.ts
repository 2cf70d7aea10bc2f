import { defineEntity, p } from '@mikro-orm/core';
import { multiplyDecimals } from './decimal.ts';
import { StepError, type ServiceSettings, type StepContext } from './process-step.ts';
import { defineRecordKind, type RecordRow } from './record-kind.ts';

const ID_MAX = 2_147_483_647;
const PRICES: ServiceSettings = { url: 'priceServiceUrl', connectTimeout: 'priceConnectTimeout', responseTimeout: 'priceResponseTimeout' };
const money = { type: 'decimal', precision: 18, scale: 8 } as const;

const Revaluation = defineEntity({
  name: 'Revaluation',
  tableName: 'revaluation',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    executionId: p.bigint(),
    price: p.decimal().precision(18).scale(8),
    // Quantity and price have 18 digits each, 8 of them behind the point: their product is stored whole.
    marketValue: p.decimal().precision(36).scale(16),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
  indexes: [{ name: 'revaluation_execution_id_id', properties: ['executionId', 'id'] }],
});

/** What executions are worth now: for each, its quantity times the price that a price service gives for its security. */
export default defineRecordKind({
  name: 'revaluation',
  entity: Revaluation,
  rest: { collection: 'revaluations', one: 'revaluation' },
  item: { executionId: { type: 'whole', min: 1, max: ID_MAX } },
  process: {
    run: revalue,
    // Asking for a price changes nothing: again is harmless.
    delivery: 'at-least-once',
    timeLimitMs: 10_000,
    needs: ['priceServiceUrl'],
    result: {
      executionId: { type: 'whole', min: 1, max: ID_MAX },
      price: { ...money, sign: 'natural' },
      marketValue: { type: 'decimal', precision: 36, scale: 16 },
    },
  },
  ignored: [],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'executionId', 'price', 'marketValue', 'receivedTimestamp', 'version'],
  sinks: [{ to: 'kafka', topicSetting: 'revaluationsTopic', on: ['insert'] }],
  constraints: {},
  list: {
    filters: { id: { property: 'id', type: 'whole' }, executionId: { property: 'executionId', type: 'whole' } },
    sorts: { id: 'id', executionId: 'executionId', receivedTimestamp: 'receivedTimestamp' },
  },
});

async function revalue(item: RecordRow, { record, service, signal, idempotencyKey }: StepContext): Promise<RecordRow> {
  const id = item.executionId as number;
  const execution = await record('execution', id);
  if (execution === undefined) throw new StepError('ITEM_ERROR', `There is no execution ${id}.`);
  const { status, text } = await service(PRICES).call({ method: 'GET', path: `/prices/${encodeURIComponent(execution.securityId as string)}`, headers: { 'idempotency-key': idempotencyKey }, signal });
  if (status === 404) throw new StepError('ITEM_ERROR', `The price service knows no price for the security of execution ${id}.`);
  if (status < 200 || status > 299) throw Object.assign(new Error(`The price service answered ${status}.`), { status });
  const price = priceIn(text);
  return { executionId: id, price, marketValue: multiplyDecimals(price, execution.quantity as string) };
}

const PLAIN_DECIMAL = /^\d{1,10}(\.\d{1,8})?$/;

/** The digits of `price`, as the service wrote them: a price never passes through a float. */
function priceIn(text: string): string {
  let digits: unknown;
  // TypeScript's library lacks the reviver's third argument ("JSON.parse source text access").
  const reviver = (name: string, value: unknown, context?: { source?: string }) => {
    if (name === 'price') digits = typeof value === 'string' ? value : context?.source;
    return value;
  };
  try {
    JSON.parse(text, reviver);
  } catch (cause) {
    throw new StepError('RESOURCE_ERROR', 'The price service answered with something that is not JSON.', { cause });
  }
  if (typeof digits !== 'string' || !PLAIN_DECIMAL.test(digits)) throw new StepError('RESOURCE_ERROR', 'The price service answered without a price that can be stored.');
  return digits;
}
