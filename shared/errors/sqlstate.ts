import type { Fault, RecordKind } from '../records/record-kind.ts';

/**
 * What a failed statement means.
 * - `data`: a value of the client's item; found by bisection and reported with code and pointer
 * - `id-conflict`: an id given out twice; Sluice's own fault: alarm, new ids, again
 * - `again`: the statement surely changed nothing; the same may work in a moment
 * - `unknown`: whether it was committed cannot be told; repeating the same slices finds out
 */
export type FailureClass = 'data' | 'id-conflict' | 'again' | 'unknown';

/** SQLSTATEs and classes of them, from PostgreSQL's Appendix A; the longest match counts. */
const TABLE: Record<string, FailureClass> = {
  '22': 'data', // a value that doesn't fit: too long, out of range, not of the encoding
  '23': 'again', // a constraint that the kind doesn't map: our schema's fault, not the client's
  '25006': 'again', // read-only: a standby, until the failover is through
  '40': 'again', // serialization failure, deadlock
  '40003': 'unknown', // statement completion unknown
  '42': 'again', // a statement that doesn't fit the tables: a migration under way, or our fault
  '53': 'again', // disk full, out of memory, too many connections
  '55': 'again', // lock not available, object in use
  '57014': 'again', // statement_timeout: cancelled, so rolled back
  '57': 'unknown', // shutdown or crash of the server: the commit may have happened
  '08': 'unknown', // the connection was lost
  '58': 'unknown', // an I/O error of the server
  XX: 'unknown',
};

interface PgError extends Error {
  code?: string;
  constraint?: string;
}

/** Classifies a failure of a flush of this kind. Errors that aren't PostgreSQL's (sockets, time limits) are `unknown`. */
export function classifyFailure(error: unknown, kind: Pick<RecordKind, 'constraints'>, primaryKeyConstraint: string): FailureClass {
  const { code, constraint } = error as PgError;
  if (typeof code !== 'string') return 'unknown';
  if (code === '23505' && constraint === primaryKeyConstraint) return 'id-conflict';
  if (code.startsWith('23') && constraint !== undefined && Object.hasOwn(kind.constraints, constraint)) return 'data';
  for (const length of [5, 2]) {
    const found = TABLE[code.slice(0, length)];
    if (found !== undefined && /^[0-9A-Z]{5}$/.test(code)) return found;
  }
  return 'unknown';
}

/** What the client is told of a value that the database refused; never PostgreSQL's own text, which can quote values. */
export function faultOfDataError(error: unknown, kind: Pick<RecordKind, 'constraints'>): Fault {
  const { code = '', constraint } = error as PgError;
  const mapped = constraint === undefined ? undefined : kind.constraints[constraint];
  if (mapped !== undefined) return mapped;
  return { pointer: '', code: 'refused-by-database', message: `The database cannot store a value of this item (SQLSTATE ${code}).` };
}

/** Short name of a failure for metrics: the SQLSTATE's class, or what kind of error it was. */
export function causeLabel(error: unknown): string {
  const { code, name } = error as PgError;
  if (typeof code !== 'string') return name === 'StatementTimeout' ? 'timeout' : 'connection';
  return /^[0-9A-Z]{5}$/.test(code) ? `sqlstate_${code.slice(0, 2)}` : 'connection';
}
