import { randomUUID } from 'node:crypto';

interface CallInHand {
  nodeId: string;
  /** Monotonic ms. */
  since: number;
  recall(why: string): void;
}

/** The type of the error with which a call ends that was recalled. */
export const RECALLED = 'CALL_RECALLED';

/** The calls that writers have in hand: which are overdue, and how to stop waiting for one. */
export class CallsInHand {
  readonly #calls = new Map<string, CallInHand>();
  readonly #now: () => number;

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Makes a call under an id of its own, and waits for its end or for its recall, whichever comes first.
   * @throws an error of the type RECALLED, or what the call throws
   */
  async wait<T>(nodeId: string, call: (id: string) => Promise<T>): Promise<T> {
    const id = randomUUID();
    return new Promise<T>((resolve, reject) => {
      this.#calls.set(id, { nodeId, since: this.#now(), recall: (why) => {
        this.#calls.delete(id);
        reject(Object.assign(new Error(why), { type: RECALLED }));
      } });
      // An end that comes after the recall is heard by nobody: whoever has the chunk then finds in the ledger what it wrote.
      void call(id).then(resolve, reject).finally(() => this.#calls.delete(id));
    });
  }

  /** Ids of the calls that have been out for longer than that, by writer. */
  overdue(longerThanMs: number): Map<string, string[]> {
    const before = this.#now() - longerThanMs;
    const found = new Map<string, string[]>();
    for (const [id, { nodeId, since }] of this.#calls) if (since < before) found.set(nodeId, [...(found.get(nodeId) ?? []), id]);
    return found;
  }

  /** Ids of all calls that are out, or of those that this writer has in hand. */
  of(nodeId?: string): string[] {
    return [...this.#calls].filter(([, call]) => nodeId === undefined || call.nodeId === nodeId).map(([id]) => id);
  }

  /** Stops waiting for these calls; those that have ended are left out. Answers how many there were. */
  recall(ids: readonly string[], why: string): number {
    const calls = ids.flatMap((id) => this.#calls.get(id) ?? []);
    for (const call of calls) call.recall(why);
    return calls.length;
  }
}
