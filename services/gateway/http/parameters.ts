import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';

/** What becomes of a query parameter that is not known: the setting `unknownQuery`. */
export type UnknownQuery = 'reject' | 'ignore';

const LONGEST_NAME = 64;

/**
 * The query parameters that a path does not know, where they may be left out.
 * @param known names of the parameters that the path takes
 * @returns their names, percent-encoded, for the header Sluice-Ignored
 * @throws ProblemError 400 `invalid-query` with one error for each, where they are to be refused
 */
export function unknownParameters(url: URL, known: readonly string[], unknown: UnknownQuery): string[] {
  const names = [...new Set(url.searchParams.keys())].filter((name) => !known.includes(name)).map((name) => encodeURIComponent(name.slice(0, LONGEST_NAME).toWellFormed()));
  if (unknown === 'ignore' || names.length === 0) return names;
  const says = known.length === 0 ? 'is not known; this path takes no parameters.' : `is not known; known is ${known.join(', ')}.`;
  const errors = names.map((name): ItemFault => ({ pointer: `?${name}`, code: 'unknown-parameter', message: says }));
  throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: errors.map((e) => `${e.pointer.slice(1)} ${e.message}`).join(' '), errors });
}

/** The header that names what was left out; none where there was nothing. */
export function ignoredHeader(ignored: readonly string[]): Record<string, string> {
  return ignored.length === 0 ? {} : { 'Sluice-Ignored': ignored.join(', ') };
}
