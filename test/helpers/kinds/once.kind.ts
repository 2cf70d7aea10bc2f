import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';
import { doChore } from './chore.kind.ts';

const Once = defineEntity({
  name: 'Once',
  tableName: 'once',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    label: p.string().length(40),
    attempts: p.integer(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/** The same work, called once and never again. */
export default defineRecordKind({
  name: 'once',
  entity: Once,
  rest: { collection: 'onces', one: 'once' },
  item: { label: { type: 'text', min: 1, max: 40 }, goes: { type: 'enum', values: ['well', 'failing', 'waiting'], optional: true, default: 'well' } },
  process: { run: doChore, delivery: 'at-most-once', timeLimitMs: 10_000, result: { label: { type: 'text', min: 1, max: 40 }, attempts: { type: 'whole', min: 1, max: 1_000 } } },
  ignored: [],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'label', 'attempts', 'receivedTimestamp', 'version'],
  sinks: [],
  constraints: {},
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
});
