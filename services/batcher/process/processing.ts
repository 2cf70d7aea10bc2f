import type { BatchState } from '../../../shared/batches/states.ts';
import type { Settings } from '../../../shared/config/settings.ts';
import type { StepContext } from '../../../shared/records/process-step.ts';
import type { Logger } from '../../../shared/runtime/log.ts';
import type { ValidatedItems } from '../validate-items.ts';
import type { AnswerWatch } from './answer-watch.ts';
import { carryItems, type BoundStep, type ItemsOfChunk } from './carry-items.ts';
import { shareOf } from './decide-end.ts';
import type { ItemStore } from './item-store.ts';
import { Permits } from './permits.ts';

/** A node that carries chunks out, and the tags it has. */
export interface CarrierNode {
  nodeId: string;
  tags: readonly string[];
}

/** This node's tags. */
export function tagsOf({ nodeTags }: Pick<Settings, 'nodeTags'>): string[] {
  return nodeTags.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
}

/** What is said of a batch that concerns its items. */
export interface ProcessedBatch {
  id: string;
  kind: string;
  parallelism: number;
  tags: readonly string[];
  maxRetries: number;
}

export interface ProcessingTools {
  store: ItemStore;
  /** Of items that are carried out elsewhere. */
  answers: AnswerWatch;
  steps: ReadonlyMap<string, BoundStep>;
  self: CarrierNode;
  context: Pick<StepContext, 'settings' | 'record' | 'service'>;
  log: Logger;
  random: () => number;
  onAttempt: (kind: string, end: string, ms: number) => void;
}

const ENOUGH_CHUNKS = 2;

/** Work on one batch, until it is paused or ends; resumed, it begins with a new one. */
interface Hold {
  batchId: string;
  permits: Permits;
  halt: AbortController;
  stop: AbortController;
  chunks: number;
}

/** Carries out the items of batches whose kind has a `process` step, as many at the same time as this node's share allows. */
export class Processing {
  readonly #tools: ProcessingTools;
  readonly #holds = new Set<Hold>();
  #nodes: readonly CarrierNode[];

  constructor(tools: ProcessingTools) {
    this.#tools = tools;
    this.#nodes = [tools.self];
  }

  /** Items under way on this node. */
  get underWay(): number {
    return [...this.#holds].reduce((sum, { permits }) => sum + permits.held, 0);
  }

  /** Whether a kind's items are carried out before they are stored. */
  concerns(kind: string): boolean {
    return this.#tools.steps.has(kind);
  }

  /** The nodes that share the work; the registry may not know this one yet. */
  sharedBy(nodes: readonly CarrierNode[]): void {
    const { self } = this.#tools;
    this.#nodes = nodes.some(({ nodeId }) => nodeId === self.nodeId) ? nodes : [...nodes, self];
  }

  /** How many items of a batch this node may have under way: none when it lacks one of the batch's tags. */
  shareOf({ parallelism, tags }: Pick<ProcessedBatch, 'parallelism' | 'tags'>): number {
    const able = this.#nodes.filter((node) => tags.every((tag) => node.tags.includes(tag)));
    return shareOf(parallelism, able.map(({ nodeId }) => nodeId), this.#tools.self.nodeId);
  }

  /**
   * How many more chunks of a batch this node takes: two keep its items going while one of them is written; and one more where all that is
   * left of those waits for its next try.
   * @param inHand chunks of the batch that it has
   */
  moreChunks(batch: ProcessedBatch, inHand: number): number {
    const share = this.shareOf(batch);
    if (share === 0) return 0;
    if (inHand < ENOUGH_CHUNKS) return ENOUGH_CHUNKS - inHand;
    const idle = (this.#live(batch.id)?.permits.held ?? share) < share;
    return idle && inHand < ENOUGH_CHUNKS * share ? 1 : 0;
  }

  /**
   * Carries the items of a chunk out.
   * @returns what is to be written of it, with indexes from 0; undefined when the batch was paused or ended, or the node stops
   */
  async carry(batch: ProcessedBatch, chunk: ItemsOfChunk): Promise<ValidatedItems | undefined> {
    const { store, steps, context, log, random, onAttempt } = this.#tools;
    const step = steps.get(batch.kind);
    if (step === undefined) throw new Error(`the kind "${batch.kind}" has no process step`);
    const hold = this.#holdOf(batch);
    hold.chunks++;
    try {
      return await carryItems({ store, step, batchId: batch.id, retries: batch.maxRetries, permits: hold.permits, halt: hold.halt.signal, stop: hold.stop.signal, context, log, random, onAttempt: (end, ms) => onAttempt(batch.kind, end, ms) }, chunk);
    } finally {
      hold.chunks--;
      if (hold.chunks === 0) this.#holds.delete(hold);
    }
  }

  /** Items that were handed out have been answered. */
  answered(): void {
    this.#tools.answers.nudge();
  }

  /** Batches whose items are under way here, other than these. */
  strays(running: ReadonlySet<string>): string[] {
    return [...new Set([...this.#holds].map(({ batchId }) => batchId))].filter((id) => !running.has(id));
  }

  /** A batch runs, with this parallelism now. */
  runs(batch: ProcessedBatch): void {
    const hold = this.#live(batch.id);
    if (hold !== undefined) hold.permits.limit = this.shareOf(batch);
  }

  /** A batch does not run any more: paused, its items come to their end and no more are begun; ended, they are told to stop. */
  runsNoMore(id: string, state: BatchState | undefined): void {
    if (state === 'RUNNING') return;
    for (const hold of this.#holds) {
      if (hold.batchId !== id) continue;
      hold.halt.abort();
      if (state !== 'PAUSED') hold.stop.abort(new Error('the batch has ended'));
    }
  }

  /** Tells everything to stop: this node stops. */
  stop(): void {
    for (const hold of this.#holds) {
      hold.halt.abort();
      hold.stop.abort(new Error('the node stops'));
    }
  }

  #holdOf(batch: ProcessedBatch): Hold {
    const known = this.#live(batch.id);
    if (known !== undefined) return known;
    const halt = new AbortController();
    const hold: Hold = { batchId: batch.id, permits: new Permits(this.shareOf(batch), halt.signal), halt, stop: new AbortController(), chunks: 0 };
    this.#holds.add(hold);
    return hold;
  }

  #live(batchId: string): Hold | undefined {
    return [...this.#holds].find((hold) => hold.batchId === batchId && !hold.halt.signal.aborted);
  }
}
