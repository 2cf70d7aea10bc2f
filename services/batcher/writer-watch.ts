import { fleetErrorType } from '../../shared/errors/fleet-errors.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { CallsInHand } from './calls-in-hand.ts';
import type { Slots } from './slots.ts';

/** A chunk that has been out for longer is asked for. */
export const OVERDUE_MS = 250;
/** How long a writer's silence is taken for a busy moment, at first. */
export const FIRST_PATIENCE_MS = 1_000;
/** No longer than the registry waits for heartbeats. */
const LONGEST_PATIENCE_MS = 8_000;

/** What the watch needs of the world. */
export interface WatchTools {
  calls: CallsInHand;
  slots: Slots;
  /**
   * Asks a writer which of these calls it has in hand.
   * @throws what a call of a node throws; REQUEST_TIMEOUT where no answer came in time
   */
  ask: (nodeId: string, calls: string[], timeoutMs: number) => Promise<string[]>;
  /** A writer answers again: there may be slots to use. */
  trusted: () => void;
  /** Whether questions can be asked at all now: without NATS a silence says nothing. */
  reachable: () => boolean;
  log: Logger;
}

interface Watched {
  asking: boolean;
  patienceMs: number;
  silent: boolean;
  /** Calls that it did not have in hand when it was asked last. */
  missing: ReadonlySet<string>;
}

/**
 * Tells writers that are slow from writers that will not answer. Who holds an overdue chunk is asked for it, and is given
 * nothing more until it has answered, as long as another writer answers. One that has it in hand is left to it, however long
 * PostgreSQL takes: a second flush of the same rows would only add to the load. Chunks that it does not have (their call or its
 * answer was lost), or that a silent writer holds while another answers, go to another writer; repeats are harmless.
 *
 * A writer that was silent and then answers was merely busy: the next silence is borne for twice as long, so that too much
 * load does not make more of itself.
 */
export class WriterWatch {
  readonly #tools: WatchTools;
  readonly #watched = new Map<string, Watched>();

  constructor(tools: WatchTools) {
    this.#tools = tools;
  }

  /** Asks whom there is something to ask, and was not asked already. Resolves when these have answered, or were silent for too long. */
  async look(): Promise<void> {
    const { calls, slots, reachable } = this.#tools;
    for (const nodeId of this.#watched.keys()) if (!slots.has(nodeId)) this.#watched.delete(nodeId);
    if (!reachable()) return;
    const overdue = calls.overdue(OVERDUE_MS);
    const whom = new Set([...overdue.keys(), ...slots.doubted()]);
    await Promise.all([...whom].filter((nodeId) => slots.has(nodeId) && !this.#of(nodeId).asking).map((nodeId) => this.#ask(nodeId, overdue.get(nodeId) ?? [])));
  }

  async #ask(nodeId: string, overdue: string[]): Promise<void> {
    const { calls, slots, ask, reachable, trusted, log } = this.#tools;
    const writer = this.#of(nodeId);
    writer.asking = true;
    slots.doubt(nodeId, true);
    try {
      const has = await ask(nodeId, overdue, writer.patienceMs);
      slots.doubt(nodeId, false);
      trusted();
      if (writer.silent) writer.patienceMs = Math.min(LONGEST_PATIENCE_MS, writer.patienceMs * 2);
      writer.silent = false;
      const missing = new Set(overdue.filter((id) => !has.includes(id)));
      // Twice: the answer itself may be on its way.
      const lost = calls.recall([...missing].filter((id) => writer.missing.has(id)), 'the writer does not have the chunk, and its answer did not come');
      if (lost > 0) log.warn({ writer: nodeId, chunks: lost }, 'a writer does not have chunks that it was sent, and did not answer; they go to another');
      writer.missing = missing;
    } catch (error) {
      if (fleetErrorType(error) !== 'REQUEST_TIMEOUT') {
        // Gone, which the registry knows; or of a version that can't be asked.
        slots.doubt(nodeId, false);
        trusted();
        return;
      }
      if (!reachable()) return;
      writer.silent = true;
      if (!slots.othersAnswer(nodeId)) return;
      const taken = calls.recall(calls.of(nodeId), 'the writer does not answer');
      if (taken > 0) log.warn({ writer: nodeId, chunks: taken, silentMs: writer.patienceMs }, 'a writer does not answer; what it has in hand goes to another');
    } finally {
      writer.asking = false;
    }
  }

  #of(nodeId: string): Watched {
    const known = this.#watched.get(nodeId);
    if (known !== undefined) return known;
    const fresh: Watched = { asking: false, patienceMs: FIRST_PATIENCE_MS, silent: false, missing: new Set() };
    this.#watched.set(nodeId, fresh);
    return fresh;
  }
}
