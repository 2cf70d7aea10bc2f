import type { components } from './api.ts';

/** RFC 9457 problem document, with members of its own where a problem has some (`batchId`, `offset`, ...). */
export type Problem = components['schemas']['Problem'] & Record<string, unknown>;

/** Sluice refused a request, or did so until no try was left: `code` is the problem's stable name. */
export class SluiceError extends Error {
  readonly status: number;
  readonly code: string;
  /** As it came; undefined where the answer was none of Sluice's, such as a proxy's page. */
  readonly problem: Problem | undefined;
  /** Tries that were made. */
  readonly tries: number;

  constructor(status: number, problem: Problem | undefined, tries: number) {
    super(`${status} ${problem === undefined ? 'and no problem document' : `${problem.code}: ${problem.detail}`}`);
    this.name = 'SluiceError';
    this.status = status;
    this.code = problem?.code ?? `http-${status}`;
    this.problem = problem;
    this.tries = tries;
  }
}

/** Sluice did not answer, or its answer broke off, until no try was left. What a request with an Idempotency-Key did may be asked for again under it. */
export class NoAnswer extends Error {
  readonly tries: number;
  /** The key that the request had; undefined for one that only reads. */
  readonly idempotencyKey: string | undefined;

  constructor(cause: unknown, tries: number, idempotencyKey?: string) {
    super(`No answer after ${tries} ${tries === 1 ? 'try' : 'tries'}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'NoAnswer';
    this.tries = tries;
    this.idempotencyKey = idempotencyKey;
  }
}
