import { flushStatement, type FlushTarget, type NamedStatement } from '../../shared/db/queries/flush.ts';
import { insertRangeStatement, openSliceStatement } from '../../shared/db/queries/isolate.ts';
import type { Database } from '../../shared/db/connect.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import { rowRules, sinksOf, type RecordKind } from '../../shared/records/record-kind.ts';

/** All that a writer needs to flush one kind, built once from the entity's metadata. */
export interface KindFlush extends FlushTarget {
  record: RecordKind;
  flush: NamedStatement;
  insertRange: string;
  openSlice: string;
  primaryKeyConstraint: string;
}

/** Prepares the flush of a kind. */
export function kindFlush(database: Database, record: RecordKind, settings: Settings): KindFlush {
  const columns = columnsOf(database.orm, record);
  const table = database.orm.getMetadata().get(record.entity.meta.class).tableName;
  const target: FlushTarget = { kind: record.name, table, columns, carried: Object.keys(rowRules(record)), receivedAt: record.receivedAt, sinks: sinksOf(record, 'insert', settings) };
  return { ...target, record, flush: flushStatement(target), insertRange: insertRangeStatement(target), openSlice: openSliceStatement(target), primaryKeyConstraint: `${table}_pkey` };
}
