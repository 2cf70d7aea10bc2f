import type { Pool } from 'pg';
import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import { firstUuidAt } from '../../../shared/db/ledger-partitions.ts';
import { checkLaw, type VerifiedTable, type VerifyScope } from '../../../shared/law/check-law.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A date, or a date and time with its offset. */
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

export interface VerifyTools {
  pool: Pool;
  tables: readonly VerifiedTable[];
  timeoutMs: number;
  unknownQuery: UnknownQuery;
}

/** One check for each edge: two at once would only take each other's time. */
export function verifyHandler(tools: VerifyTools): (call: Call) => Promise<Answer> {
  let running = false;
  return async (call) => {
    const ignored = unknownParameters(call.url, ['batch', 'since'], tools.unknownQuery);
    const scope = scopeOf(call.url.searchParams);
    if (running) throw new ProblemError({ status: 503, code: 'verify-running', title: 'A check is running', detail: 'This edge is checking the law for somebody else right now. Try again when it is through.', headers: { 'Retry-After': '5' } });
    running = true;
    try {
      const report = await checkLaw(tools.pool, tools.tables, scope, tools.timeoutMs);
      return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(report) };
    } finally {
      running = false;
    }
  };
}

/**
 * The scope that a query asks for.
 * @throws ProblemError 400 `invalid-query` where a value is no UUID or no time
 */
function scopeOf(query: URLSearchParams): VerifyScope {
  const batch = query.get('batch');
  const since = query.get('since');
  const errors: ItemFault[] = [];
  if (batch !== null && !UUID.test(batch)) errors.push({ pointer: '?batch', code: 'format', message: 'must be a UUID.' });
  const at = since === null ? null : INSTANT.test(since) ? Date.parse(since) : NaN;
  if (at !== null && !(at >= 0)) errors.push({ pointer: '?since', code: 'format', message: 'must be a date such as 2026-11-22, or a time with its offset such as 2026-11-22T10:00:00Z.' });
  if (errors.length > 0) throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: errors.map((e) => `${e.pointer.slice(1)} ${e.message}`).join(' '), errors });
  return { batchId: batch?.toLowerCase() ?? null, fromBatchId: at === null ? null : firstUuidAt(new Date(at)), beforeBatchId: null };
}
