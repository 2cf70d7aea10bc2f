import type { Pool } from 'pg';
import type { StateTable } from '../../../shared/db/queries/dead-letter-operations.ts';

/** What operations on dead letters need. They know nothing of HTTP: whatever way they are asked for, their effect and their line in the audit are the same. */
export interface LetterDesk {
  pool: Pool;
  /** For one operation, when the server says nothing at all. */
  timeoutMs: number;
  /** Kinds whose messages carry the record's current state; all others are events. */
  stateTables: readonly StateTable[];
  /** Dead letters that a replay releases each second. */
  rate: { default: number; max: number };
}

/** What a replay or a discard concerns: dead letters by id, or all that are dead and match. */
export type Selection = { ids: number[] } | { filter: LetterFilter };

/** At least one member is there. `since` and `until`, ISO 8601, both inclusive, bound the last failure. */
export interface LetterFilter {
  sink?: string;
  fingerprint?: string;
  kind?: string;
  code?: string;
  since?: string;
  until?: string;
}
