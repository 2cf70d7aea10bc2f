import { CARRIED_CHECKPOINT, CHECKPOINT_S } from '../../../shared/db/queries/carried-checkpoints.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';

/** What is said of a batch that concerns its checkpoints. */
export interface CheckpointedBatch {
  id: string;
  checkpointInterval: number;
}

interface Course {
  /** Items that this edge has carried out since the last checkpoint that it knows of. */
  since: number;
  askedAt: number;
}

/**
 * Checkpoints of staged batches while they are carried out. Each edge asks when its own part of the interval is done, or the time is over;
 * whether one is due the statement decides, for all edges: that costs a look at two rows where none is.
 */
export class CarriedCheckpoints {
  readonly #run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  readonly #sink: string;
  readonly #node: string;
  readonly #now: () => number;
  readonly #courses = new Map<string, Course>();

  constructor(run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>, { batchesSink, owner, now }: { batchesSink: string; owner: string; now: () => number }) {
    this.#run = run;
    this.#sink = batchesSink;
    this.#node = owner;
    this.#now = now;
  }

  /** So many items of a batch were carried out here. @param edges that share the work */
  async carried(batch: CheckpointedBatch, items: number, edges: number): Promise<void> {
    const course = this.#courseOf(batch.id);
    course.since += items;
    if (course.since >= batch.checkpointInterval / edges) await this.#ask(batch.id, course);
  }

  /** Looks whether the time is over. */
  async look(batchId: string): Promise<void> {
    const course = this.#courseOf(batchId);
    if (this.#now() - course.askedAt >= CHECKPOINT_S * 1_000) await this.#ask(batchId, course);
  }

  /** All is carried out: the last one says so. */
  async last(batchId: string): Promise<void> {
    await this.#ask(batchId, this.#courseOf(batchId));
  }

  /** Forgets the others. */
  keepOnly(batchIds: ReadonlySet<string>): void {
    for (const id of this.#courses.keys()) if (!batchIds.has(id)) this.#courses.delete(id);
  }

  async #ask(batchId: string, course: Course): Promise<void> {
    course.askedAt = this.#now();
    const made = await this.#run(CARRIED_CHECKPOINT, [batchId, this.#sink, this.#node]);
    if (made.length > 0) course.since = 0;
  }

  #courseOf(batchId: string): Course {
    const known = this.#courses.get(batchId);
    if (known !== undefined) return known;
    const course = { since: 0, askedAt: this.#now() };
    this.#courses.set(batchId, course);
    return course;
  }
}
