import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const Memo = defineEntity({
  name: 'Memo',
  tableName: 'memo',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    text: p.text(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/** A kind whose messages are states, and whose records may be deleted. */
export default defineRecordKind({
  name: 'memo',
  entity: Memo,
  rest: { collection: 'memos', one: 'memo' },
  item: { text: { type: 'text', min: 1, max: 20_000 } },
  ignored: ['version'],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'text', 'receivedTimestamp', 'sentTimestamp', 'version'],
  sinks: [{ to: 'kafka', topicSetting: 'ordersTopic', on: ['insert', 'update', 'delete'] }],
  constraints: {},
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
  change: {
    rules: { text: { type: 'text', min: 1, max: 20_000 }, version: { type: 'whole', min: 1, max: 2_147_483_647 } },
    apply: (_current, body) => ({ set: { text: body.text } }),
  },
  removal: { forbids: () => undefined },
});
