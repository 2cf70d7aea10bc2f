import type { ChangeAnswer } from '../../../shared/contracts/actions.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Answer } from '../http/call.ts';
import type { ServedKind } from './intake.ts';
import { pending, withdrawn } from './post-one.ts';

type NotMade = Extract<ChangeAnswer['outcome'], { outcome: 'missing' | 'stale' | 'refused' | 'unknown' | 'withdrawn' }>;

/**
 * What is answered where a change or deletion was not made: 202 where nobody knows yet.
 * @throws ProblemError 400, 404, 409 or 503
 */
export function notChanged(kind: ServedKind, id: number, version: number, batchId: string, outcome: NotMade): Answer {
  switch (outcome.outcome) {
    case 'missing':
      throw notFound(kind, id);
    case 'stale':
      throw new ProblemError({ status: 409, code: 'version-conflict', title: 'Another version', detail: `The record has version ${outcome.version} by now, the change was made on version ${version}. Read it again, then change it.`, errors: [{ pointer: '/version', code: 'version-conflict', message: `is ${outcome.version} by now` }] });
    case 'refused':
      throw invalidChange(outcome.faults, outcome.conflict);
    case 'unknown':
      return pending({ batchId });
    case 'withdrawn':
      throw withdrawn({ retryAfter: outcome.retryAfter, withdrawnCode: 'withdrawn-deadline' });
  }
}

/** 409 where it is for the record's state, else 400. */
export function invalidChange(faults: readonly { pointer: string; code: string; message: string }[], conflict?: true): ProblemError {
  return new ProblemError({ status: conflict === true ? 409 : 400, code: conflict === true ? (faults[0]?.code ?? 'conflict') : 'invalid-change', title: 'The change was refused', detail: faults.map((f) => f.message).join(' '), errors: [...faults] });
}

/** 404: there is no such record. */
export function notFound(kind: ServedKind, id: number): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such record', detail: `There is no ${kind.record.name} with the id ${id}.` });
}
