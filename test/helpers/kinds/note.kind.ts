import { defineEntity, p } from '@mikro-orm/core';
import { defineRecordKind } from '../../../shared/records/record-kind.ts';

const Note = defineEntity({
  name: 'Note',
  tableName: 'note',
  properties: {
    id: p.bigint().primary().autoincrement(false),
    reference: p.string().length(200).unique('note_reference'),
    grade: p.integer().nullable(),
    body: p.text().nullable(),
    receivedTimestamp: p.datetime(3),
    version: p.integer().default(1),
  },
});

/**
 * A second kind, to show that a file is all that one takes. Its table sees what no rule sees: `reference` is unique
 * (mapped), and tests add constraints that are not mapped.
 */
export default defineRecordKind({
  name: 'note',
  entity: Note,
  rest: { collection: 'notes', one: 'note' },
  item: {
    reference: { type: 'text', min: 1, max: 200 },
    grade: { type: 'whole', min: 0, max: 9_000_000_000, optional: true },
    body: { type: 'text', min: 0, max: 20_000, optional: true },
  },
  ignored: ['version'],
  receivedAt: 'receivedTimestamp',
  wire: ['id', 'reference', 'grade', 'body', 'receivedTimestamp', 'version'],
  sinks: [],
  constraints: { note_reference: { pointer: '/reference', code: 'duplicate', message: 'There is a note with this reference already.' } },
  list: { filters: { id: { property: 'id', type: 'whole' } }, sorts: { id: 'id' } },
});
