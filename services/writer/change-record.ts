import { CompiledQuery } from 'kysely';
import type { SqlEntityManager } from '@mikro-orm/postgresql';
import type { ChangeOutcome, ChangeRecord } from '../../shared/contracts/actions.ts';
import { FIND_CHANGE, FIND_SENT_AT, INSERT_CHANGE_BATCH, INSERT_CHANGE_LEDGER, lockRecord, readRecord, updateRecord } from '../../shared/db/queries/change-record.ts';
import type { Column } from '../../shared/records/columns.ts';
import { sinksOf, type RecordKind, type RecordRow } from '../../shared/records/record-kind.ts';
import { shardOf } from '../../shared/records/shard.ts';
import type { Settings } from '../../shared/config/settings.ts';

export interface ChangeTarget {
  record: RecordKind;
  table: string;
  columns: readonly Column[];
}

/**
 * Changes one record in one transaction: lock, check of the version, update, ledger. A change whose batch id is in the
 * ledger already was made by an earlier try of the same request, and answers as that did.
 * @throws PostgreSQL's error when the transaction fails; then nothing was changed, or (connection lost) a repeat tells
 */
export async function changeRecord(em: SqlEntityManager, target: ChangeTarget, change: ChangeRecord, node: string, settings: Settings): Promise<ChangeOutcome> {
  const rules = target.record.change;
  if (rules === undefined) throw new Error(`kind ${target.record.name} cannot be changed`);
  return em.transactional(async (tx): Promise<ChangeOutcome> => {
    const run = async (text: string, values: unknown[]) => (await tx.getKysely().executeQuery<RecordRow>(CompiledQuery.raw(text, values))).rows;
    const sentAt = async () => ((await run(FIND_SENT_AT, [target.record.name, change.id]))[0]?.sent_at ?? null) as string | null;

    const made = await run(INSERT_CHANGE_BATCH, [change.batchId, target.record.name, change.client, change.clientReference ?? null]);
    if (made.length === 0) {
      if ((await run(FIND_CHANGE, [change.batchId])).length === 0) return { outcome: 'fenced' };
      const [row] = await run(readRecord(target.table, target.columns), [change.id]);
      return row === undefined ? { outcome: 'missing' } : { outcome: 'repeat', row, sentAt: await sentAt() };
    }
    const [current] = await run(lockRecord(target.table, target.columns), [change.id]);
    if (current === undefined) return undo(run, change, { outcome: 'missing' });
    if (Number(current.version) !== change.version) return undo(run, change, { outcome: 'stale', version: Number(current.version) });
    const applied = rules.apply(current, change.body);
    if ('faults' in applied) return undo(run, change, { outcome: 'refused', faults: applied.faults, ...(applied.conflict === true ? { conflict: true } : {}) });

    const properties = Object.keys(applied.set);
    const [row] = await run(updateRecord(target.table, target.columns, properties), [change.id, change.version, ...properties.map((p) => applied.set[p] ?? null)]);
    if (row === undefined) throw new Error('a locked record changed its version');
    const sinks = sinksOf(target.record, 'update', settings, row);
    await run(INSERT_CHANGE_LEDGER, [change.batchId, target.record.name, shardOf(change.id, settings.shards), change.id, change.version + 1, node, change.trace, sinks.length === 0 ? [''] : sinks]);
    return { outcome: 'changed', row, sentAt: await sentAt() };
  });
}

type Run = (text: string, values: unknown[]) => Promise<RecordRow[]>;

/** A change that did nothing leaves no batch behind, so that the same key can be used again. */
async function undo(run: Run, change: ChangeRecord, outcome: ChangeOutcome): Promise<ChangeOutcome> {
  await run('delete from batch where id = $1', [change.batchId]);
  return outcome;
}
