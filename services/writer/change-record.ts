import { CompiledQuery } from 'kysely';
import type { SqlEntityManager } from '@mikro-orm/postgresql';
import type { ChangeOutcome, ChangeRecord } from '../../shared/contracts/actions.ts';
import { deleteRecord, FIND_CHANGE, FIND_SENT_AT, INSERT_CHANGE_BATCH, INSERT_CHANGE_LEDGER, lockRecord, readJoined, readRecord, updateRecord } from '../../shared/db/queries/change-record.ts';
import type { Column } from '../../shared/records/columns.ts';
import { sinksOf, type Fault, type LedgerOp, type RecordKind, type RecordRow } from '../../shared/records/record-kind.ts';
import { shardOf } from '../../shared/records/shard.ts';
import { compileWire, toIso } from '../../shared/records/wire.ts';
import type { Settings } from '../../shared/config/settings.ts';

export interface ChangeTarget {
  record: RecordKind;
  table: string;
  columns: readonly Column[];
}

/**
 * Changes or deletes one record in one transaction: lock, check of the version, update, ledger. A change whose batch id is in the
 * ledger already was made by an earlier try of the same request, and answers as that did.
 * @throws PostgreSQL's error when the transaction fails; then nothing was changed, or (connection lost) a repeat tells
 */
export async function changeRecord(em: SqlEntityManager, target: ChangeTarget, change: ChangeRecord, node: string, settings: Settings): Promise<ChangeOutcome> {
  const decide = decisionOf(target.record, change);
  return em.transactional(async (tx): Promise<ChangeOutcome> => {
    const run = async (text: string, values: unknown[]) => (await tx.getKysely().executeQuery<RecordRow>(CompiledQuery.raw(text, values))).rows;
    const sentAt = async () => ((await run(FIND_SENT_AT, [target.record.name, change.id]))[0]?.sent_at ?? null) as string | null;

    const made = await run(INSERT_CHANGE_BATCH, [change.batchId, target.record.name, change.client, change.clientReference ?? null]);
    if (made.length === 0) {
      const [earlier] = await run(FIND_CHANGE, [change.batchId]);
      if (earlier === undefined) return { outcome: 'fenced' };
      if (earlier.op === 'delete') return { outcome: 'deleted', again: true };
      const [row] = await run(readRecord(target.table, target.columns), [change.id]);
      return row === undefined ? { outcome: 'missing' } : { outcome: 'repeat', row, sentAt: await sentAt() };
    }
    const [current] = await run(lockRecord(target.table, target.columns), [change.id]);
    if (current === undefined) return undo(run, change, { outcome: 'missing' });
    if (Number(current.version) !== change.version) return undo(run, change, { outcome: 'stale', version: Number(current.version) });
    const decided = decide(current);
    if ('faults' in decided) return undo(run, change, { outcome: 'refused', faults: decided.faults, ...(decided.conflict === true ? { conflict: true } : {}) });

    const tell = async (op: LedgerOp, sinks: string[], payload: string | null) => {
      const { record } = target;
      await run(INSERT_CHANGE_LEDGER, [change.batchId, record.name, shardOf(change.id, settings.shards), change.id, change.version + 1, node, change.trace, sinks.length === 0 ? [''] : sinks, op, payload]);
    };
    if ('remove' in decided) {
      const payload = await lastWords(run, target, change, await sentAt());
      if ((await run(deleteRecord(target.table, target.columns), [change.id, change.version])).length === 0) throw new Error('a locked record changed its version');
      await tell('delete', sinksOf(target.record, 'delete', settings), payload);
      return { outcome: 'deleted', again: false };
    }
    const properties = Object.keys(decided.set);
    const [row] = await run(updateRecord(target.table, target.columns, properties), [change.id, change.version, ...properties.map((p) => decided.set[p] ?? null)]);
    if (row === undefined) throw new Error('a locked record changed its version');
    await tell('update', sinksOf(target.record, 'update', settings, row), null);
    return { outcome: 'changed', row, sentAt: await sentAt() };
  });
}

type Decision = { set: RecordRow } | { remove: true } | { faults: Fault[]; conflict?: true };

/** What is to be done with the record as it is. @throws Error where the kind does not allow it at all */
function decisionOf({ name, change: rules, removal }: RecordKind, change: ChangeRecord): (current: RecordRow) => Decision {
  if (change.remove === true) {
    if (removal === undefined) throw new Error(`records of the kind ${name} are not deleted`);
    return (current) => {
      const fault = removal.forbids(current);
      return fault === undefined ? { remove: true } : { faults: [fault], conflict: true };
    };
  }
  if (rules === undefined) throw new Error(`kind ${name} cannot be changed`);
  return (current) => rules.apply(current, change.body);
}

/** What is told of a deletion: the record as it was, with the version that the deletion makes. */
async function lastWords(run: Run, { record, table, columns }: ChangeTarget, { id, version }: ChangeRecord, sentAt: string | null): Promise<string> {
  const [row] = await run(readJoined(table, columns, record), [id]);
  return compileWire(record, columns).kafka({ ...row, version: String(version + 1) }, sentAt === null ? null : toIso(sentAt));
}

type Run = (text: string, values: unknown[]) => Promise<RecordRow[]>;

/** A change that did nothing leaves no batch behind, so that the same key can be used again. */
async function undo(run: Run, change: ChangeRecord, outcome: ChangeOutcome): Promise<ChangeOutcome> {
  await run('delete from batch where id = $1', [change.batchId]);
  return outcome;
}
