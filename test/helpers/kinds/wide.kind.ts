import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const FIELDS = Array.from({ length: 40 }, (_, i) => `field${i + 1}`);

const Wide = defineEntity({
  name: 'Wide',
  tableName: 'wide',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    ...Object.fromEntries(FIELDS.map((name) => [name, p.integer().nullable()])),
    version: p.integer().default(1),
  },
});

/** A kind of forty columns: two thousand rows of it hold more values than a statement may have parameters. */
export default defineRecordKind({
  name: 'wide',
  entity: Wide,
  rest: { collection: 'wides', one: 'wide' },
  item: Object.fromEntries(FIELDS.map((name) => [name, { type: 'whole', min: 0, max: 9, optional: true }])),
  ignored: [],
  wire: ['id', ...FIELDS, 'version'],
  sinks: [],
  constraints: {},
  list: { filters: {}, sorts: {} },
});
