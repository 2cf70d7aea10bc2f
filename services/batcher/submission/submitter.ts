import type { Bulkhead } from './bulkhead.ts';
import type { BusyWatch } from './busy-watch.ts';
import type { OrderStore } from './order-store.ts';
import type { OrderOutcome, SubmissionFigures } from '../../../shared/contracts/submissions.ts';
import { NO_FIGURES, standingOf, type LoadedOrder } from './outcomes.ts';
import { submitChunk, type ChunkTools, type Submission } from './submit-chunk.ts';

export interface SubmitterTools extends ChunkTools {
  store: OrderStore;
  bulkhead: Bulkhead;
  watch: BusyWatch;
  chunkSize: number;
  slotWaitMs: number;
  /** How long an order is followed that somebody else carries to its end. */
  followMs: number;
  /** A statement that nobody waits for any more has ended by then. */
  statementEndsMs: number;
  /** Ms until a call of the trade service makes sense. */
  pauseMs: () => number;
  onLoad: (ms: number) => void;
  onWait: (ms: number) => void;
  onRefusal: (reason: 'full' | 'waited') => void;
}

/** A request's orders on their way. */
export interface Asked {
  /** One for each order, the same for all who ask for it while it is on its way. They never reject. */
  outcomes: Map<number, Promise<OrderOutcome>>;
  figures: SubmissionFigures;
}

/**
 * Submits orders, each at most once at a time: who asks for an order that is on its way here waits for what becomes of it. Work goes on
 * to its end whether or not somebody still waits.
 */
export class Submitter {
  readonly #tools: SubmitterTools;
  readonly #onTheirWay = new Map<number, Promise<OrderOutcome>>();
  readonly #works = new Set<Promise<void>>();
  #stopped = false;

  constructor(tools: SubmitterTools) {
    this.#tools = tools;
  }

  /** @param ids each once */
  submit(ids: readonly number[], submission: Submission): Asked {
    const figures: SubmissionFigures = { ...NO_FIGURES };
    const resolvers = new Map<number, (outcome: OrderOutcome) => void>();
    const outcomes = new Map<number, Promise<OrderOutcome>>();
    for (const id of ids) {
      let outcome = this.#onTheirWay.get(id);
      if (outcome === undefined) {
        outcome = new Promise((resolve) => resolvers.set(id, resolve));
        this.#onTheirWay.set(id, outcome);
      }
      outcomes.set(id, outcome);
    }
    const resolve = (id: number, outcome: OrderOutcome) => {
      const settle = resolvers.get(id);
      if (settle === undefined) return;
      resolvers.delete(id);
      this.#onTheirWay.delete(id);
      settle(outcome);
    };
    if (resolvers.size > 0) {
      const work = this.#carry([...resolvers.keys()], submission, figures, resolve)
        .catch((error: unknown) => {
          this.#tools.log.error({ err: error, submissionId: submission.submissionId }, 'a submission failed; what it claimed is found by the reconciler');
          for (const id of [...resolvers.keys()]) resolve(id, { outcome: 'unknown', flag: null });
        })
        .finally(() => void this.#works.delete(work));
      this.#works.add(work);
    }
    return { outcomes, figures };
  }

  /** Takes nothing more, and waits for what is on its way; what only others can end is told as unknown. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#works.size > 0) {
      this.#tools.watch.stop();
      await Promise.race([Promise.allSettled([...this.#works]), new Promise((resolve) => setTimeout(resolve, 100).unref())]);
    }
  }

  async #carry(ids: number[], submission: Submission, figures: SubmissionFigures, resolve: (id: number, outcome: OrderOutcome) => void): Promise<void> {
    const { store, now, chunkSize, log } = this.#tools;
    if (this.#stopped) return void ids.forEach((id) => resolve(id, { outcome: 'unsent', code: 'stopping' }));
    const began = now();
    let loaded: Map<number, LoadedOrder>;
    try {
      loaded = await store.load(ids);
    } catch (error) {
      log.warn({ err: error }, 'orders to submit could not be loaded');
      return void ids.forEach((id) => resolve(id, { outcome: 'unsent', code: 'database-away' }));
    }
    figures.loadMs = now() - began;
    this.#tools.onLoad(figures.loadMs);
    const until = began + this.#tools.followMs;
    const free = this.#sort(ids, loaded, submission, until, resolve);
    const chunks: LoadedOrder[][] = [];
    for (let i = 0; i < free.length; i += chunkSize) chunks.push(free.slice(i, i + chunkSize));
    await Promise.all(chunks.map((chunk) => this.#inTurn(chunk, submission, figures, until, resolve)));
  }

  /** Ends what can end, follows what others have; answers what is free. */
  #sort(ids: readonly number[], found: ReadonlyMap<number, LoadedOrder>, submission: Submission, until: number, resolve: (id: number, outcome: OrderOutcome) => void): LoadedOrder[] {
    const free: LoadedOrder[] = [];
    for (const id of ids) {
      const order = found.get(id);
      const standing = standingOf(order, false, submission.submissionId);
      if (standing.standing === 'ended') resolve(id, standing.outcome);
      else if (standing.standing === 'busy') this.#follow(id, submission, until, 0, resolve);
      else if (order !== undefined) free.push(order);
    }
    return free;
  }

  #follow(id: number, { submissionId }: Submission, until: number, freeFrom: number, resolve: (id: number, outcome: OrderOutcome) => void): void {
    if (this.#stopped) resolve(id, { outcome: 'unknown', flag: null });
    else void this.#tools.watch.watch(id, submissionId, until, freeFrom).then((outcome) => resolve(id, outcome));
  }

  async #inTurn(chunk: readonly LoadedOrder[], submission: Submission, figures: SubmissionFigures, until: number, resolve: (id: number, outcome: OrderOutcome) => void): Promise<void> {
    const { bulkhead, slotWaitMs, pauseMs, onWait, onRefusal, now } = this.#tools;
    const all = (outcome: OrderOutcome) => chunk.forEach(({ id }) => resolve(id, outcome));
    if (pauseMs() > 0) return all({ outcome: 'unsent', code: 'trade-service-away' });
    const permit = await bulkhead.take(slotWaitMs);
    if ('refusal' in permit) {
      onRefusal(permit.refusal);
      return all({ outcome: 'unsent', code: 'overloaded' });
    }
    figures.waitMs = Math.max(figures.waitMs, permit.waitedMs);
    onWait(permit.waitedMs);
    try {
      const { outcomes, lost, unclear } = await submitChunk(this.#tools, chunk, submission, figures);
      for (const [id, outcome] of outcomes) {
        if (outcome.outcome !== 'unknown' || outcome.flag === 'clash') resolve(id, outcome);
        else this.#follow(id, submission, until, 0, resolve);
      }
      for (const id of unclear) this.#follow(id, submission, until, now() + this.#tools.statementEndsMs, resolve);
      if (lost.size > 0) await this.#lookAgain([...lost], submission, until, resolve);
    } finally {
      permit.release();
    }
  }

  /** Between loading and claiming they were changed, deleted or claimed by another edge. */
  async #lookAgain(ids: readonly number[], submission: Submission, until: number, resolve: (id: number, outcome: OrderOutcome) => void): Promise<void> {
    const found = await this.#tools.store.load(ids);
    for (const { id } of this.#sort(ids, found, submission, until, resolve)) resolve(id, { outcome: 'unsent', code: 'changed-meanwhile' });
  }
}
