import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind, type RecordKind } from '../../../shared/records/record-kind.ts';

/** Work that is handed out on Kafka. */
export function workOutside(name: string, timeLimitMs: number): RecordKind {
  const entity = defineEntity({
    name: `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`,
    tableName: name,
    properties: {
      id: p.bigint().primary().autoincrement(false),
      label: p.string().length(40),
      weight: p.decimal().precision(18).scale(8),
      doneBy: p.string().length(100),
      receivedTimestamp: p.datetime(3),
      version: p.integer().default(1),
    },
  });
  const weight = { type: 'decimal', precision: 18, scale: 8 } as const;
  return defineRecordKind({
    name,
    entity,
    rest: { collection: `${name}s`, one: name },
    item: { label: { type: 'text', min: 1, max: 40 }, weight },
    process: {
      elsewhere: { topicSetting: 'itemsTopic' },
      delivery: 'at-least-once',
      timeLimitMs,
      retries: { firstPauseMs: 20, factor: 2, longestPauseMs: 100 },
      result: { label: { type: 'text', min: 1, max: 40 }, weight, doneBy: { type: 'text', min: 1, max: 100 } },
    },
    ignored: [],
    receivedAt: 'receivedTimestamp',
    wire: ['id', 'label', 'weight', 'doneBy', 'receivedTimestamp', 'version'],
    sinks: [],
    constraints: {},
    list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
  });
}

/** With more time than any test takes. */
export default workOutside('outwork', 600_000);
