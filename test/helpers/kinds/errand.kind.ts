import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const Errand = defineEntity({
  name: 'Errand',
  tableName: 'errand',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    label: p.string().length(40),
    doneBy: p.string().length(100),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/** Work that another service does. */
export default defineRecordKind({
  name: 'errand',
  entity: Errand,
  rest: { collection: 'errands', one: 'errand' },
  item: { label: { type: 'text', min: 1, max: 40 } },
  process: {
    run: { action: 'errands.run' },
    delivery: 'at-least-once',
    timeLimitMs: 5_000,
    retries: { firstPauseMs: 20, factor: 2, longestPauseMs: 100 },
    result: { label: { type: 'text', min: 1, max: 40 }, doneBy: { type: 'text', min: 1, max: 100 } },
  },
  ignored: [],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'label', 'doneBy', 'receivedTimestamp', 'version'],
  sinks: [],
  constraints: {},
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
});
