import type { Pool } from 'pg';
import { nextId } from '../db/queries/verify-rows.ts';
import { BREACHES_NAMED, CLOCK_MS, PIECE_END } from '../db/queries/verify.ts';
import { firstUuidAt } from '../db/ledger-partitions.ts';
import { ID_BLOCK } from '../records/shard.ts';
import { checkIds, checkLaw, WHOLE, type VerifiedTable, type VerifyScope } from './check-law.ts';
import type { Breach } from './report.ts';
import { inSnapshot } from './snapshot.ts';

export interface WatchOptions {
  pool: Pool;
  tables: readonly VerifiedTable[];
  /** Longest time of one piece. */
  timeoutMs: number;
  /** Time after which a round begins no further piece of the slow pass. */
  passMs: number;
  /** Time after which a round begins no further piece of what is new. */
  newMs: number;
  /** Ledger rows of a piece. */
  pieceRows: number;
  /** Ids of a piece, whole blocks. */
  pieceIds: number;
  /** Monotonic, in ms. */
  now: () => number;
}

/** What is known after a round. */
export interface WatchState {
  /** Breaches that were found and are still there. */
  breaches: readonly Breach[];
  /** How long the last round took, in ms. */
  tookMs: number;
  /** Batches taken in before this instant (ms since 1970, the database's clock) have been looked at once. */
  newUntil: number;
  /** Whole passes over the database so far. */
  passes: number;
}

const FIRST = '00000000-0000-0000-0000-000000000000';
/** A batch may appear so much later than its id says: its deadline, and clocks that differ. */
const LATE_MS = 120_000;

/**
 * Checks the law piece by piece, so that it costs little on a database of any size: in each round what was found broken, what
 * came in since the last round, and a little more of everything else, batches and ids each in their order, begun anew at the
 * end. Each piece is a snapshot of its own, and short. Keeps its place in memory alone: after a restart the pass begins anew.
 */
export class LawWatch {
  readonly #o: WatchOptions;
  #known = new Map<string, { breach: Breach; pass: number }>();
  #newUntil: number | undefined;
  #batchAt = FIRST;
  #batchPassDone = false;
  readonly #idAt = new Map<string, number>();
  readonly #idPassDone = new Set<string>();
  #passes = 0;

  constructor(options: WatchOptions) {
    this.#o = options;
  }

  /** One round. @throws StatementTimeout, or PostgreSQL's error: the round ends there, and the next one goes on */
  async round(): Promise<WatchState> {
    const { now, newMs, passMs } = this.#o;
    const began = now();
    await this.#lookAgain();
    await this.#lookAtNew(began + newMs);
    const passBegan = now();
    do await this.#goOn();
    while (now() < passBegan + passMs && !this.#endPass());
    this.#endPass();
    return { breaches: [...this.#known.values()].map(({ breach }) => breach), tookMs: now() - began, newUntil: this.#newUntil ?? 0, passes: this.#passes };
  }

  /** What was broken: mended meanwhile, it is forgotten. What names no place is, when a whole pass has not found it again. */
  async #lookAgain(): Promise<void> {
    const before = this.#known;
    const known = [...before.values()];
    this.#known = new Map([...before].filter(([, { breach, pass }]) => placeless(breach) && this.#passes < pass + 2));
    try {
      for (const batchId of new Set(known.flatMap(({ breach }) => breach.where.batchId ?? []))) await this.#batches({ ...WHOLE, batchId });
      const blocks = new Map(known.flatMap(({ breach: { where } }) => (where.id === undefined ? [] : [[`${where.kind} ${Math.floor(where.id / ID_BLOCK)}`, where] as const])));
      for (const { kind, id = 0 } of blocks.values()) {
        const table = this.#o.tables.find((t) => t.kind === kind);
        const low = Math.floor(id / ID_BLOCK) * ID_BLOCK;
        if (table !== undefined) await this.#ids(table, low, low + ID_BLOCK - 1);
      }
    } catch (error) {
      this.#known = before;
      throw error;
    }
  }

  async #lookAtNew(until: number): Promise<void> {
    const present = Number(await this.#ask(CLOCK_MS, []));
    this.#newUntil ??= present - LATE_MS;
    let from = firstUuidAt(new Date(Math.max(0, this.#newUntil - LATE_MS)));
    for (;;) {
      const end = (await this.#ask(PIECE_END, [from, this.#o.pieceRows])) as string | undefined;
      await this.#batches({ ...WHOLE, fromBatchId: from, beforeBatchId: end ?? null });
      if (end === undefined) break;
      from = end;
      if (this.#o.now() < until) continue;
      // Too much for one round: the next one goes on here.
      this.#newUntil = Math.max(this.#newUntil, timeOf(end) + LATE_MS);
      return;
    }
    this.#newUntil = present;
  }

  /** The next piece of the slow pass, of batches and of each table's ids. */
  async #goOn(): Promise<void> {
    if (!this.#batchPassDone) {
      const end = (await this.#ask(PIECE_END, [this.#batchAt, this.#o.pieceRows])) as string | undefined;
      await this.#batches({ ...WHOLE, fromBatchId: this.#batchAt, beforeBatchId: end ?? null });
      if (end === undefined) this.#batchPassDone = true;
      else this.#batchAt = end;
    }
    for (const table of this.#o.tables) {
      if (this.#idPassDone.has(table.kind)) continue;
      const next = await this.#ask(nextId(table.table, table.idColumn), [table.kind, this.#idAt.get(table.kind) ?? 0]);
      if (next === undefined || next === null) this.#idPassDone.add(table.kind);
      else {
        const low = Math.floor(Number(next) / ID_BLOCK) * ID_BLOCK;
        await this.#ids(table, low, low + this.#o.pieceIds - 1);
        this.#idAt.set(table.kind, low + this.#o.pieceIds);
      }
    }
  }

  /** Whether everything was gone over; then it begins anew. */
  #endPass(): boolean {
    if (!this.#batchPassDone || this.#idPassDone.size < this.#o.tables.length) return false;
    this.#passes += 1;
    this.#batchAt = FIRST;
    this.#batchPassDone = false;
    this.#idAt.clear();
    this.#idPassDone.clear();
    return true;
  }

  async #batches(scope: VerifyScope): Promise<void> {
    this.#keep((await checkLaw(this.#o.pool, this.#o.tables, scope, this.#o.timeoutMs)).breaches);
  }

  async #ids(table: VerifiedTable, low: number, high: number): Promise<void> {
    this.#keep((await checkIds(this.#o.pool, table, low, high, this.#o.timeoutMs)).wrong);
  }

  #keep(breaches: readonly Breach[]): void {
    for (const breach of breaches) {
      if (this.#known.size >= BREACHES_NAMED) return;
      this.#known.set(JSON.stringify([breach.what, breach.where]), { breach, pass: this.#passes });
    }
  }

  async #ask(statement: { name: string; text: string }, values: unknown[]): Promise<unknown> {
    return inSnapshot(this.#o.pool, this.#o.timeoutMs, async (ask) => (await ask(statement, values))[0]?.[0]);
  }
}

function placeless({ where }: Breach): boolean {
  return where.batchId === undefined && where.id === undefined;
}

/** The time of a UUID version 7, in ms. */
function timeOf(uuid: string): number {
  return parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}
