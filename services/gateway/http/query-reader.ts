import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import { instantOf } from '../../../shared/records/instant.ts';
import { unknownParameters, type UnknownQuery } from './parameters.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LONGEST_VALUE = 200;
/** Values of one filter. */
const MOST_VALUES = 64;

/**
 * Reads the parameters of a query one by one, and gathers what is wrong with them; `end` tells it all at once. A parameter that
 * isn't there is null, or what stands in its place.
 */
export class QueryReader {
  readonly #url: URL;
  readonly #unknown: UnknownQuery;
  readonly #known: string[] = [];
  readonly #faults: ItemFault[] = [];
  readonly #ignored: string[] = [];

  constructor(url: URL, unknown: UnknownQuery) {
    this.#url = url;
    this.#unknown = unknown;
  }

  /** A list with commas; of `values` where they are given: another value is refused, or left out where that is allowed. */
  list(name: string, values?: readonly string[]): string[] | null {
    const given = this.#given(name);
    if (given.length === 0) return null;
    const found = new Set<string>();
    const texts = given.flatMap((g) => g.split(',')).map((g) => g.trim());
    for (const text of texts) {
      if (values === undefined ? text !== '' && text.length <= LONGEST_VALUE && text.isWellFormed() && !text.includes('\u0000') : values.includes(text)) found.add(text);
      else if (this.#unknown === 'ignore') this.#ignored.push(`${name}=${encodeURIComponent(text.slice(0, LONGEST_VALUE).toWellFormed())}`);
      else this.#fault(name, 'unknown-value', values === undefined ? `takes text of 1 to ${LONGEST_VALUE} characters; several with commas between.` : `takes ${values.join(', ')}; several with commas between.`);
    }
    if (texts.length > MOST_VALUES) this.#fault(name, 'too-many-values', `takes at most ${MOST_VALUES} values.`);
    return [...found];
  }

  /** Ids with commas between. */
  ids(name: string): number[] | null {
    const given = this.#given(name);
    if (given.length === 0) return null;
    const ids = given.flatMap((g) => g.split(',')).map((g) => wholeOf(g.trim()));
    if (ids.some((id) => id === undefined || id < 1)) this.#fault(name, 'format', 'takes whole numbers greater than 0; several with commas between.');
    if (ids.length > MOST_VALUES) this.#fault(name, 'too-many-values', `takes at most ${MOST_VALUES} values.`);
    return ids.filter((id) => id !== undefined);
  }

  whole<A extends number | null>(name: string, absent: A, min: number, max: number): number | A {
    const text = this.#single(name);
    if (text === undefined) return absent;
    const value = wholeOf(text);
    if (value !== undefined && value >= min && value <= max) return value;
    this.#fault(name, 'range', `must be a whole number from ${min} to ${max}.`);
    return absent;
  }

  choice<V extends string>(name: string, values: readonly V[], absent: V): V {
    const text = this.#single(name);
    if (text === undefined) return absent;
    const found = values.find((v) => v === text);
    if (found === undefined) this.#fault(name, 'unknown-value', `takes one of ${values.join(', ')}.`);
    return found ?? absent;
  }

  /** One text as it is, if it is accepted. @param says what it takes */
  text(name: string, accepts: (text: string) => boolean, says: string): string | null {
    const text = this.#single(name);
    if (text !== undefined && !accepts(text)) this.#fault(name, 'format', says);
    return text ?? null;
  }

  uuid(name: string): string | null {
    const text = this.#single(name);
    if (text === undefined) return null;
    if (!UUID.test(text)) this.#fault(name, 'format', 'must be a UUID.');
    return text.toLowerCase();
  }

  /** As ISO 8601 in UTC. */
  instant(name: string): string | null {
    const text = this.#single(name);
    if (text === undefined) return null;
    const at = instantOf(text);
    if (at === undefined) this.#fault(name, 'format', 'must be a date such as 2026-11-22, or a time with its offset such as 2026-11-22T10:00:00Z.');
    return at ?? null;
  }

  /**
   * To be called when all parameters were read.
   * @returns what was left out, for the header Sluice-Ignored
   * @throws ProblemError 400 `invalid-query` with one error for each fault
   */
  end(): string[] {
    const ignored = [...unknownParameters(this.#url, this.#known, this.#unknown), ...this.#ignored];
    if (this.#faults.length === 0) return ignored;
    throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: this.#faults.map((f) => `${f.pointer.slice(1)} ${f.message}`).join(' '), errors: this.#faults });
  }

  #given(name: string): string[] {
    this.#known.push(name);
    return this.#url.searchParams.getAll(name);
  }

  #single(name: string): string | undefined {
    const given = this.#given(name);
    if (given.length > 1) this.#fault(name, 'repeated', 'may be given once only.');
    return given[0];
  }

  #fault(name: string, code: string, message: string): void {
    this.#faults.push({ pointer: `?${name}`, code, message });
  }
}

function wholeOf(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
