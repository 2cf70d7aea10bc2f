import { CompiledQuery } from 'kysely';
import type { SqlEntityManager } from '@mikro-orm/postgresql';
import type { Chunk, Reject, Slice, SliceOutcome } from '../../shared/contracts/slices.ts';
import { int4Array, textArray } from '../../shared/db/binary-array.ts';
import { CLOSE_BATCHES, COUNT_SLICE, insertWithoutClashes, OPEN_BATCHES, UNIQUE_COLUMNS } from '../../shared/db/queries/isolate.ts';
import { classifyFailure, faultOfDataError } from '../../shared/errors/sqlstate.ts';
import type { KindFlush } from './flush-target.ts';

/** The rows of one slice, by position in the chunk. */
type RowRange = { from: number; to: number };

/** So few rows are tried one at a time: halving them further would take more statements. */
const FEW_ROWS = 8;

export interface IsolationReport {
  bisections: number;
  refused: number;
  /** Slices whose ids were in use. */
  idConflicts: number;
}

/**
 * Writes a chunk that failed on data: first each slice in a transaction of its own, so that the neighbours of other
 * clients don't pay; of a slice that clashes with a unique constraint all other rows go in at once; else it is bisected, left half first, by ranges of the same arrays under
 * savepoints (their depth is log2 of the rows, far below the 64 that a backend keeps in memory). Single rows that the
 * database refuses become rejects; a slice whose ids are in use is left out and says so; everything else is written.
 * @param writeOne flushes a chunk of one slice in the ordinary way
 * @returns an outcome per slice, in order
 * @throws whatever isn't the data's fault; what was committed by then is found by a repeat of the same chunk
 */
export async function isolateFailure(
  em: SqlEntityManager,
  target: KindFlush,
  chunk: Chunk,
  node: string,
  leaseMs: number,
  writeOne: (chunk: Chunk) => Promise<SliceOutcome>,
): Promise<{ outcomes: SliceOutcome[]; report: IsolationReport }> {
  const report: IsolationReport = { bisections: 0, refused: 0, idConflicts: 0 };
  const soles = chunk.slices.filter((s) => s.sole);
  const run = (text: string, values: unknown[]) => em.getKysely().executeQuery(CompiledQuery.raw(text, values));
  if (soles.length > 0) {
    await run(OPEN_BATCHES, [target.kind, soles.map((s) => s.batchId), soles.map((s) => s.client), soles.map((s) => s.epoch), soles.map((s) => s.requested), soles.map((s) => s.receivedAt), leaseMs, soles.map((s) => s.clientReference ?? null)]);
  }
  const classify = (error: unknown) => classifyFailure(error, target.record, target.primaryKeyConstraint);
  const outcomes: SliceOutcome[] = [];
  for (const [no, slice] of chunk.slices.entries()) {
    const alone = sliceAlone(chunk, no);
    const write = async () => {
      try {
        if (chunk.slices.length > 1) return await writeOne(alone);
      } catch (error) {
        if (classify(error) !== 'data') throw error;
      }
      return bisectSlice(em, target, alone, slice, node, report, writeOne);
    };
    try {
      outcomes.push(await write());
    } catch (error) {
      if (classify(error) !== 'id-conflict') throw error;
      report.idConflicts++;
      outcomes.push({ outcome: 'conflict', rejects: [] });
    }
  }
  // A batch with slices that still need other ids stays open for them.
  const whole = soles.map((s) => s.batchId).filter((id) => !outcomes.some((o, no) => o.outcome === 'conflict' && chunk.slices[no]?.batchId === id));
  if (whole.length > 0) await run(CLOSE_BATCHES, [whole]);
  return { outcomes, report };
}

/** The part of a chunk that is one slice, open to be tried alone. */
function sliceAlone(chunk: Chunk, no: number): Chunk {
  const from = chunk.sliceOf.indexOf(no);
  const to = from === -1 ? -1 : chunk.sliceOf.lastIndexOf(no) + 1;
  const part = <T>(list: readonly T[]) => (from === -1 ? [] : list.slice(from, to));
  const slice = chunk.slices[no];
  if (slice === undefined) throw new Error(`a chunk of ${chunk.slices.length} slices has no slice ${no}`);
  return {
    kind: chunk.kind,
    slices: [{ ...slice, sole: false }],
    sliceOf: part(chunk.sliceOf).map(() => 0),
    offsetOf: part(chunk.offsetOf),
    columns: Object.fromEntries(Object.entries(chunk.columns).map(([name, values]) => [name, part(values)])),
  };
}

async function bisectSlice(em: SqlEntityManager, target: KindFlush, alone: Chunk, slice: Slice, node: string, report: IsolationReport, writeOne: (chunk: Chunk) => Promise<SliceOutcome>): Promise<SliceOutcome> {
  const outcome = await em.transactional(async (tx): Promise<SliceOutcome | undefined> => {
    const run = (text: string, values: unknown[] = []) => tx.getKysely().executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values));
    const opened = await run(target.openSlice, [slice.batchId, slice.epoch, slice.firstIndex, slice.span, slice.shard, slice.firstId, node, slice.trace]);
    if (opened.rows.length === 0) return undefined;
    const refused: Reject[] = [];
    /** Inserts the range under the savepoint that is set; undone, it answers what the data's fault was. */
    const attempt = async (range: RowRange): Promise<unknown> => {
      try {
        await run(target.insertRange, rangeParameters(target, alone, slice, range));
        return undefined;
      } catch (error) {
        if (classifyFailure(error, target.record, target.primaryKeyConstraint) !== 'data') throw error;
        await run('rollback to savepoint bisect');
        return error;
      }
    };
    const oneByOne = async ({ from, to }: RowRange): Promise<void> => {
      await run('savepoint bisect');
      for (let row = from; row < to; row++) {
        const failure = await attempt({ from: row, to: row + 1 });
        if (failure === undefined) await run('release savepoint bisect; savepoint bisect');
        else {
          const fault = faultOfDataError(failure, target.record);
          refused.push([slice.firstIndex + (alone.offsetOf[row] ?? 0), fault.code, fault.pointer, fault.message]);
        }
      }
      await run('release savepoint bisect');
    };
    /** After a clash with a unique constraint: all rows but those that clash, in one statement; thousands of them would cost some statements each. */
    const insertOthers = async (range: RowRange, clash: unknown): Promise<boolean> => {
      const { code, constraint } = clash as { code?: string; constraint?: string };
      if (code !== '23505' || constraint === undefined) return false;
      const [unique] = (await run(UNIQUE_COLUMNS, [constraint])).rows as { columns: string; predicate: string | null }[];
      if (unique === undefined) return false;
      try {
        const { rows } = await run(insertWithoutClashes(target, target.insertRange, unique), rangeParameters(target, alone, slice, range));
        const stored = new Set(rows.map(({ id }) => Number(id)));
        const { code: fault, pointer, message } = faultOfDataError(clash, target.record);
        for (let row = range.from; row < range.to; row++) {
          const offset = alone.offsetOf[row] ?? 0;
          if (!stored.has(slice.firstId + offset)) refused.push([slice.firstIndex + offset, fault, pointer, message]);
        }
        return true;
      } catch (error) {
        // Something else is wrong with one of them too.
        if (classifyFailure(error, target.record, target.primaryKeyConstraint) !== 'data') throw error;
        await run('rollback to savepoint bisect');
        return false;
      }
    };
    const insert = async (range: RowRange): Promise<void> => {
      await run('savepoint bisect');
      const failure = await attempt(range);
      const done = failure === undefined || (await insertOthers(range, failure));
      await run('release savepoint bisect');
      if (done) return;
      if (range.to - range.from <= FEW_ROWS) await oneByOne(range);
      else {
        report.bisections++;
        const middle = (range.from + range.to) >> 1;
        await insert({ from: range.from, to: middle });
        await insert({ from: middle, to: range.to });
      }
    };
    if (alone.offsetOf.length > 0) await insert({ from: 0, to: alone.offsetOf.length });
    const rejects = [...slice.rejects, ...refused].sort((a, b) => a[0] - b[0]);
    await run(COUNT_SLICE, [slice.batchId, slice.firstIndex, alone.offsetOf.length - refused.length, rejects.length === 0 ? null : JSON.stringify(rejects)]);
    report.refused += refused.length;
    return { outcome: 'written', rejects };
  });
  // Fenced, or there already from an earlier try: the ordinary flush tells which, without inserting anything.
  return outcome ?? writeOne(alone);
}

function rangeParameters(target: KindFlush, alone: Chunk, slice: Slice, { from, to }: RowRange): unknown[] {
  return [
    slice.firstId,
    slice.receivedAt,
    int4Array(alone.offsetOf.slice(from, to)),
    ...target.carried.map((property) => textArray((alone.columns[property] ?? []).slice(from, to))),
  ];
}
