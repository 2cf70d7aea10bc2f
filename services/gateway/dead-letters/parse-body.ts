import { instantOf } from '../../../shared/records/instant.ts';
import { BodyReader, isObject, isText } from '../body/body-reader.ts';
import type { LetterFilter, Selection } from './desk.ts';
import type { DiscardRequest } from './discard.ts';
import type { ReplayRequest } from './replays.ts';

/** Dead letters that a body names by their ids; more are a filter's work. */
export const MOST_IDS = 1_000;
export const LONGEST_REASON = 500;
export const LONGEST_TEXT = 300;
export const FILTER_TEXTS = ['sink', 'fingerprint', 'kind', 'code'] as const;
export const FILTER_TIMES = ['since', 'until'] as const;

/**
 * Reads the body of a replay: {ids | filter, rate?, dryRun?}.
 * @param maxRate most dead letters a second
 * @throws ProblemError 400 `invalid-body` with one error for each fault
 */
export function parseReplay(body: unknown, maxRate: number): ReplayRequest & { dryRun: boolean } {
  const read = new SelectionReader(body, ['ids', 'filter', 'rate', 'dryRun']);
  const selection = read.selection();
  const rate = read.whole('rate', 1, maxRate);
  const dryRun = read.flag('dryRun');
  read.end();
  return { selection, rate, dryRun };
}

/**
 * Reads the body of a discard: {ids | filter, reason, dryRun?}.
 * @throws ProblemError 400 `invalid-body` with one error for each fault
 */
export function parseDiscard(body: unknown): DiscardRequest & { dryRun: boolean } {
  const read = new SelectionReader(body, ['ids', 'filter', 'reason', 'dryRun']);
  const selection = read.selection();
  const reason = read.text('reason', LONGEST_REASON);
  const dryRun = read.flag('dryRun');
  read.end();
  return { selection, reason, dryRun };
}

/**
 * Reads the body of a call that takes none: nothing, or an object without members.
 * @throws ProblemError 400 `invalid-body`
 */
export function parseNothing(body: unknown): void {
  new BodyReader(body, []).end();
}

/** A body that also says which dead letters. */
class SelectionReader extends BodyReader {
  selection(): Selection {
    const { ids, filter } = this.members;
    if ((ids ?? null) !== null && (filter ?? null) !== null) this.fault('/filter', 'either-or', 'Either ids or filter, not both.');
    if ((ids ?? null) !== null) return { ids: this.#ids(ids) };
    if ((filter ?? null) !== null) return { filter: this.#filter(filter) };
    this.fault('', 'required', 'One of ids and filter is required.');
    return { ids: [] };
  }

  #ids(value: unknown): number[] {
    if (!Array.isArray(value) || value.length === 0 || value.length > MOST_IDS) {
      this.fault('/ids', 'length', `ids must be a list of 1 to ${MOST_IDS} ids; for more use a filter.`);
      return [];
    }
    const ids = new Set<number>();
    for (const [i, id] of value.entries()) {
      if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1) this.fault(`/ids/${i}`, 'type', 'An id is a whole number greater than 0.');
      else ids.add(id);
    }
    return [...ids];
  }

  #filter(value: unknown): LetterFilter {
    if (!isObject(value)) {
      this.fault('/filter', 'type', 'filter must be an object.');
      return {};
    }
    this.known(value, [...FILTER_TEXTS, ...FILTER_TIMES], '/filter');
    const filter: LetterFilter = {};
    for (const name of FILTER_TEXTS) {
      const text = value[name] ?? undefined;
      if (isText(text, LONGEST_TEXT)) filter[name] = text;
      else if (text !== undefined) this.fault(`/filter/${name}`, 'length', `${name} must be text of 1 to ${LONGEST_TEXT} characters.`);
    }
    for (const name of FILTER_TIMES) {
      const text = value[name] ?? undefined;
      const at = typeof text === 'string' ? instantOf(text) : undefined;
      if (at !== undefined) filter[name] = at;
      else if (text !== undefined) this.fault(`/filter/${name}`, 'format', `${name} must be a date such as 2026-11-22, or a time with its offset such as 2026-11-22T10:00:00Z.`);
    }
    if (Object.keys(filter).length === 0 && this.faultless) this.fault('/filter', 'required', `filter must name at least one of ${[...FILTER_TEXTS, ...FILTER_TIMES].join(', ')}.`);
    return filter;
  }
}
