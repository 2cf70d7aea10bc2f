import type { Ask } from './in-transaction.ts';
import type { NamedStatement } from './queries/flush.ts';

/** Who asks for an operation, as far as is known. */
export interface Actor {
  who: string;
  /** Of the request, to be found in the logs. */
  requestId: string | null;
}

/** One line of the audit: who did what, to what, and what came of it. Holds no customers' values. */
export interface AuditLine {
  /** Part and verb, such as `dead-letters.replay`. */
  operation: string;
  /** What it was done to, as it was asked for. */
  target: Record<string, unknown>;
  /** `done`, for what refuses changes nothing and is not written down. */
  outcome: 'done';
  detail: Record<string, unknown>;
}

const WRITE_AUDIT: NamedStatement = {
  name: 'write-audit',
  text: `insert into audit (who, operation, target, outcome, detail, request_id) values ($1, $2, $3, $4, $5, $6)`,
};

/** Writes a line in the transaction of what it tells of: neither is ever there without the other. */
export async function writeAudit(ask: Ask, { who, requestId }: Actor, { operation, target, outcome, detail }: AuditLine): Promise<void> {
  await ask(WRITE_AUDIT, [who, operation, JSON.stringify(target), outcome, JSON.stringify(detail), requestId]);
}

/**
 * Lines of the audit, newest or oldest first: $1 who, $2 operations, $3 since, $4 until (inclusive), $5 the id behind which to go on,
 * $6 how many; null filters nothing. Rows: id, at, who, operation, target, outcome, detail, request id.
 */
export function listAudit(newestFirst: boolean): NamedStatement {
  return {
    // Without a name: planned for the filters that are there.
    name: '',
    text: `
select id, at, who, operation, target, outcome, detail, request_id from audit
where ($1::text[] is null or who = any($1)) and ($2::text[] is null or operation = any($2))
  and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at <= $4)
  and ($5::int8 is null or id ${newestFirst ? '<' : '>'} $5)
order by id ${newestFirst ? 'desc' : 'asc'} limit $6`,
  };
}
