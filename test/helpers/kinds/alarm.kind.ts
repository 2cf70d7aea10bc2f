import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const Alarm = defineEntity({
  name: 'Alarm',
  tableName: 'alarm',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    text: p.text(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/** A kind whose messages are events: each change of an alarm is told, none before an earlier one. */
export default defineRecordKind({
  name: 'alarm',
  entity: Alarm,
  rest: { collection: 'alarms', one: 'alarm' },
  item: { text: { type: 'text', min: 1, max: 20_000 } },
  ignored: ['version'],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'text', 'receivedTimestamp', 'sentTimestamp', 'version'],
  order: 'events',
  sinks: [{ to: 'kafka', topicSetting: 'ordersTopic', on: ['insert', 'update'] }],
  constraints: {},
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
  change: {
    rules: { text: { type: 'text', min: 1, max: 20_000 }, version: { type: 'whole', min: 1, max: 2_147_483_647 } },
    apply: (_current, body) => ({ set: { text: body.text } }),
  },
});
