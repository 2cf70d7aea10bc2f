import { ProblemError } from '../../shared/errors/problem.ts';
import type { WriteQueue } from './queue.ts';

/** Decides before any work is done whether a request may come in. */
export interface AdmissionTools {
  queue: Pick<WriteQueue, 'hasRoom'>;
  /** Items that writers have in hand at this moment. */
  handedOver: () => number;
  maxRequests: number;
  retryAfter: () => number;
  onRefusal(reason: string): void;
}

/** Counts the requests in work and refuses what would not fit. */
export class Admission {
  readonly #tools: AdmissionTools;
  #active = 0;
  #items = 0;

  constructor(tools: AdmissionTools) {
    this.#tools = tools;
  }

  get active(): number {
    return this.#active;
  }

  /**
   * Runs the work of a request if there is room for it.
   * @throws ProblemError 503 with Retry-After when there is not; nothing was done then
   */
  async admit<T>(items: number, work: () => Promise<T>): Promise<T> {
    const waiting = Math.max(0, this.#items - this.#tools.handedOver());
    const reason = this.#active >= this.#tools.maxRequests ? 'requests' : this.#tools.queue.hasRoom(items, waiting) ? undefined : 'queue';
    if (reason !== undefined) {
      this.#tools.onRefusal(reason);
      throw overloaded(this.#tools.retryAfter());
    }
    this.#active++;
    this.#items += items;
    try {
      return await work();
    } finally {
      this.#active--;
      this.#items -= items;
    }
  }
}

/** 503: too much is waiting; nothing of this request was done. */
export function overloaded(retryAfter: number): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'overloaded',
    title: 'Too much load',
    detail: `More is waiting than can be written soon. Nothing of this request was done; send it again after ${retryAfter} s.`,
    headers: { 'Retry-After': String(retryAfter) },
  });
}
