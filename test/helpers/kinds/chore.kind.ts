import { setTimeout as sleep } from 'node:timers/promises';
import { defineEntity, p } from '@mikro-orm/core';
import { StepError, type StepContext } from '../../../shared/records/process-step.ts';
import { defineRecordKind, type RecordRow } from '../../../shared/records/record-kind.ts';

const DEEDS = ['well', 'flaky', 'failing', 'refusing', 'hanging', 'waiting', 'odd'] as const;

const Chore = defineEntity({
  name: 'Chore',
  tableName: 'chore',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    label: p.string().length(40),
    attempts: p.integer(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/** Work that goes as its item says, tried again. Each attempt is told to the price service first, whose tally outlives every node. */
export default defineRecordKind({
  name: 'chore',
  entity: Chore,
  rest: { collection: 'chores', one: 'chore' },
  item: { label: { type: 'text', min: 1, max: 40 }, goes: { type: 'enum', values: DEEDS, optional: true, default: 'well' } },
  process: {
    run: doChore,
    delivery: 'at-least-once',
    timeLimitMs: 5_000,
    retries: { firstPauseMs: 20, factor: 2, longestPauseMs: 100 },
    result: { label: { type: 'text', min: 1, max: 40 }, attempts: { type: 'whole', min: 1, max: 1_000 } },
  },
  ignored: [],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'label', 'attempts', 'receivedTimestamp', 'version'],
  sinks: [],
  constraints: {},
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
});

/** What both kinds of work do. */
export async function doChore({ label, goes }: RecordRow, { attempt, idempotencyKey, settings, signal }: StepContext): Promise<RecordRow> {
  const told = await fetch(`${settings.priceServiceUrl}/prices/${String(label)}`, { headers: { 'idempotency-key': idempotencyKey }, signal });
  await told.text();
  if (goes === 'flaky' && attempt < 3) throw Object.assign(new Error('the line went dead'), { code: 'ECONNRESET' });
  if (goes === 'failing') throw new Error('it cannot be done');
  if (goes === 'refusing') throw new StepError('ITEM_ERROR', 'this is no chore');
  if (goes === 'hanging') await new Promise(() => undefined);
  if (goes === 'waiting') await sleep(1_000, undefined, { signal });
  return goes === 'odd' ? { label } : { label, attempts: attempt };
}
