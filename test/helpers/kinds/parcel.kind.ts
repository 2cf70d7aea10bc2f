import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const Parcel = defineEntity({
  name: 'Parcel',
  tableName: 'parcel',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    trackingCode: p.string().length(40).unique('parcel_tracking_code'),
    service: p.string().length(10),
    weight: p.decimal().precision(8).scale(3),
    label: p.string().length(12).nullable(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/**
 * A second kind, as small as kinds get: this file is all that it takes. Two things only its table knows: a tracking code
 * exists once, and a label of more than 12 characters does not fit (its rule is looser than its column, on purpose).
 */
export default defineRecordKind({
  name: 'parcel',
  entity: Parcel,
  rest: { collection: 'parcels', one: 'parcel' },
  item: {
    trackingCode: { type: 'text', min: 1, max: 40 },
    service: { type: 'enum', values: ['EXPRESS', 'STANDARD'], optional: true, default: 'STANDARD' },
    weight: { type: 'decimal', precision: 8, scale: 3, sign: 'positive' },
    label: { type: 'text', min: 0, max: 100, optional: true },
  },
  ignored: ['version'],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'trackingCode', 'service', 'weight', 'label', 'receivedTimestamp', 'version'],
  sinks: [],
  constraints: { parcel_tracking_code: { pointer: '/trackingCode', code: 'duplicate', message: 'There is a parcel with this tracking code already.' } },
  list: { filters: { id: { property: 'id', type: 'whole' }, trackingCode: { property: 'trackingCode', type: 'text' } }, sorts: { id: 'id' } },
});
