import { v7 as uuidv7 } from 'uuid';
import { checkLaw, WHOLE } from '../../../shared/law/check-law.ts';
import { checkTruth, type Told } from '../../helpers/check-truth.ts';
import { executionValues, startEngine, type Engine } from '../../helpers/engine.ts';
import { openActor, type Actor } from './actor.ts';
import type { Choose } from './orders.ts';
import { Stage, type Gates, type Results } from './stage.ts';

/** What was told of each item of a batch, by index. */
export interface Fates {
  batchId: string;
  told: readonly Told[];
}

/** A database with some actors on it, on which play after play is made, each with batches and ids of its own. */
export interface Scene {
  engine: Engine;
  actors: Readonly<Record<string, Actor>>;
  actor(name: string): Actor;
  /** Plays one order. `others`: actors without connections of their own, such as time. */
  play(choose: Choose, shape: { gates: Record<string, Gates>; cuts?: number; mortals?: string[] }, parts: (stage: Stage) => Record<string, () => Promise<unknown>>): Promise<{ results: Results; order: string[] }>;
  /** What is wrong with batches of the same items: rows against ledger, ranges that overlap, items that are there twice, answers that are not true. */
  faults(...fates: Fates[]): Promise<string[]>;
  /** All of it at the end, from other sources: checkTruth over everything told so far, and the law. */
  expectLaw(): Promise<void>;
  close(): Promise<void>;
}

export async function openScene(names: readonly string[], shape: Parameters<typeof startEngine>[0] = {}): Promise<Scene> {
  const engine = await startEngine({ ...shape, settings: { lockTimeout: 10_000, statementTimeout: 12_000, ...shape.settings } });
  const actors = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await openActor(engine, name)] as const)));
  const everything: Told[] = [];
  return {
    engine,
    actors,
    actor(name) {
      const found = actors[name];
      if (found === undefined) throw new Error(`there is no actor ${name}`);
      return found;
    },
    async play(choose, { gates, cuts, mortals }, parts) {
      const stage = new Stage({ watch: engine.pool, gates, ...(cuts === undefined ? {} : { cuts }), ...(mortals === undefined ? {} : { mortals }) });
      for (const actor of Object.values(actors)) actor.stage = stage;
      try {
        return { results: await stage.play(parts(stage), choose), order: stage.order };
      } finally {
        for (const actor of Object.values(actors)) actor.stage = undefined;
      }
    },
    async faults(...fates) {
      // Told withdrawn of one batch, an item may be told stored of the next one.
      const told = new Map<string, Told>();
      for (const fate of fates.flatMap((f) => f.told)) if (told.get(fate.mark)?.fate !== 'stored') told.set(fate.mark, fate);
      everything.push(...told.values());
      const faults: string[] = [];
      for (const fate of fates) faults.push(...(await faultsOf(engine, fate)));
      return faults;
    },
    async expectLaw() {
      await engine.rows(`update batch set state = 'closed', epoch = epoch + 1 where state = 'open'`); // as the reaper does
      expect((await checkTruth(engine.url, everything)).lies).toEqual([]);
      const report = await checkLaw(engine.pool, [{ kind: 'execution', table: 'execution', idColumn: 'id' }], WHOLE, 30_000);
      expect({ holds: report.holds, breaches: report.breaches }).toEqual({ holds: true, breaches: [] });
    },
    async close() {
      await Promise.all(Object.values(actors).map((actor) => actor.close()));
      await engine.close();
    },
  };
}

async function faultsOf(engine: Engine, { batchId, told }: Fates): Promise<string[]> {
  const slices = await engine.rows<{ from: number; span: number; id: number; written: number }>(`select distinct on (first_index) first_index as from, span, first_id::int as id, written from ledger where batch_id = $1 and op = 'insert' order by first_index`, [batchId]);
  const rows = await engine.rows<{ id: number; mark: string }>('select id::int, security_id as mark from execution where security_id = any($1)', [told.map((t) => t.mark)]);
  const isOf = (slice: (typeof slices)[number]) => (row: { id: number }) => slice.written > 0 && row.id >= slice.id && row.id < slice.id + slice.span;
  const faults: string[] = [];
  for (const [no, slice] of slices.entries()) {
    const next = slices[no + 1];
    if (next !== undefined && slice.from + slice.span > next.from) faults.push(`slices at ${slice.from} and ${next.from} overlap`);
    const there = rows.filter(isOf(slice));
    if (there.length !== slice.written) faults.push(`the slice at ${slice.from} says ${slice.written} rows and has ${there.length}`);
    for (const { id, mark } of there) if (told[slice.from + id - slice.id]?.mark !== mark) faults.push(`${mark} is there as item ${slice.from + id - slice.id}`);
  }
  for (const [index, { mark, fate, id }] of told.entries()) {
    const found = rows.filter((r) => r.mark === mark);
    const own = found.filter((row) => slices.some((slice) => isOf(slice)(row)));
    if (found.length > 1) faults.push(`item ${index} is there ${found.length} times`);
    const ok = fate === 'stored' ? own.length === 1 && own[0]?.id === id : fate === 'unknown' || own.length === 0;
    if (!ok) faults.push(`item ${index} was told ${fate} ${id ?? ''} and is there as [${own.map((r) => r.id).join()}]`);
  }
  return faults;
}

/** @throws Error with the faults and the order that led to them, if there are any */
export function expectNone(faults: readonly string[], order: readonly string[]): void {
  if (faults.length > 0) throw new Error(`${faults.join('\n')}\nafter:\n  ${order.join('\n  ')}`);
}

let block = 1;
let marks = 0;

/** A batch of its own for one order: id, marks, rows, and blocks of ids that nobody else has. */
export function newBatch(items: number): { batchId: string; marks: string[]; rows: Record<string, string | null>[]; ids: () => number } {
  const own = Array.from({ length: items }, () => `ORDER${String(++marks).padStart(19, '0')}`);
  return { batchId: uuidv7(), marks: own, rows: own.map((securityId, i) => executionValues(i, { securityId })), ids: () => 1_024 * block++ };
}
