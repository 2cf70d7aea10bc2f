import type { Ask } from '../../../shared/db/in-transaction.ts';
import { readStates } from '../../../shared/db/queries/dead-letter-operations.ts';
import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import type { LetterState } from '../../../shared/contracts/dead-letters.ts';
import type { LetterFilter, Selection } from './desk.ts';

/**
 * A selection as the statements take it: ids, sink, fingerprint, kind, code, since, until.
 * @param ofSink where it is known to be of this sink alone
 */
export function selected(selection: Selection, ofSink?: string): unknown[] {
  if ('ids' in selection) return [selection.ids, ofSink ?? null, null, null, null, null, null];
  const { sink, fingerprint, kind, code, since, until } = selection.filter;
  return [null, ofSink ?? sink ?? null, fingerprint ?? null, kind ?? null, code ?? null, since ?? null, until ?? null];
}

/** Errors that an answer names at most. */
const MOST_NAMED = 50;

/**
 * Makes sure that each of these dead letters is there and dead.
 * @param lock keeps them so until the transaction ends
 * @throws ProblemError 404 `not-found`, 409 `replaying` or `letter-closed`, which name them by their place in `ids`
 */
export async function checkDead(ask: Ask, ids: readonly number[], lock: boolean): Promise<void> {
  const states = new Map((await ask(readStates(lock), [ids])).map(([id, state]) => [Number(id), state as LetterState]));
  const where = (test: (state: LetterState | undefined) => boolean) => ids.flatMap((id, i) => (test(states.get(id)) ? [{ id, i, state: states.get(id) }] : []));
  const errors = (found: ReturnType<typeof where>, message: (state: string) => string) =>
    found.slice(0, MOST_NAMED).map(({ id, i, state }): ItemFault => ({ index: i, pointer: `/ids/${i}`, code: state ?? 'not-found', message: `${id} ${message(state ?? '')}` }));
  const missing = where((state) => state === undefined);
  if (missing.length > 0) throw noSuchLetter(missing.map((m) => m.id), errors(missing, () => 'is the id of no dead letter.'));
  const closed = where((state) => state !== 'dead' && state !== 'replaying');
  if (closed.length > 0) {
    throw new ProblemError({ status: 409, code: 'letter-closed', title: 'Closed already', detail: `${listed(closed.map((c) => `${c.id} (${c.state ?? ''})`))} ${closed.length === 1 ? 'is' : 'are'} closed: nothing can be done any more. Nothing was done with the others either; leave ${closed.length === 1 ? 'it' : 'them'} out.`, errors: errors(closed, (state) => `is ${state} already.`) });
  }
  const replaying = where((state) => state === 'replaying');
  if (replaying.length > 0) {
    throw new ProblemError({ status: 409, code: 'replaying', title: 'On its way again already', detail: `${listed(replaying.map((r) => String(r.id)))} ${replaying.length === 1 ? 'is' : 'are'} on the way to the sink again. Wait until that is over; nothing was done with the others either.`, errors: errors(replaying, () => 'is being replayed.') });
  }
}

/** 404: there are no such dead letters. */
export function noSuchLetter(ids: readonly number[], errors?: ItemFault[]): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such dead letter', detail: `There is no dead letter with the id ${listed(ids.map(String))}.`, ...(errors === undefined ? {} : { errors }) });
}

/** 400: the filter finds nothing that is dead. */
export function nothingMatches(filter: LetterFilter): ProblemError {
  return new ProblemError({ status: 400, code: 'nothing-matches', title: 'Nothing matches', detail: `No dead letter that is dead now matches this filter (${Object.keys(filter).join(', ')}). GET /api/v1/dead-letters/groups shows what there is.` });
}

const NAMED_IN_TEXT = 10;

function listed(names: readonly string[]): string {
  return names.slice(0, NAMED_IN_TEXT).join(', ') + (names.length > NAMED_IN_TEXT ? ` and ${names.length - NAMED_IN_TEXT} more` : '');
}
