import { ProblemError } from '../../shared/errors/problem.ts';
import type { WriteQueue } from './queue.ts';

/** Decides before any work is done whether a request may come in. */
export interface AdmissionTools {
  queue: WriteQueue;
  maxRequests: number;
  retryAfter: () => number;
  onRefusal(reason: string): void;
}

/** Counts the requests in work and refuses what would not fit. */
export class Admission {
  readonly #tools: AdmissionTools;
  #active = 0;

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
  async admit<T>(items: number, bytes: number, work: () => Promise<T>): Promise<T> {
    const reason = this.#active >= this.#tools.maxRequests ? 'requests' : this.#tools.queue.hasRoom(items, bytes) ? undefined : 'queue';
    if (reason !== undefined) {
      this.#tools.onRefusal(reason);
      throw overloaded(this.#tools.retryAfter());
    }
    this.#active++;
    try {
      return await work();
    } finally {
      this.#active--;
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
