import type { Pool } from 'pg';
import type { AuditEntry } from '../../../shared/contracts/dead-letters.ts';
import { listAudit } from '../../../shared/db/audit.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { toIso } from '../../../shared/records/wire.ts';

/** What the audit is narrowed by; null narrows nothing. `since` and `until` are inclusive. */
export interface AuditQuery {
  who: readonly string[] | null;
  operations: readonly string[] | null;
  since: string | null;
  until: string | null;
}

/** One page; `next` is where the following one begins, null at the end. */
export async function readAudit(pool: Pool, timeoutMs: number, { who, operations, since, until }: AuditQuery, page: { newestFirst: boolean; after: number | null; limit: number }): Promise<{ content: AuditEntry[]; next: number | null }> {
  const rows = await runStatement(pool, listAudit(page.newestFirst), [who, operations, since, until, page.after, page.limit + 1], timeoutMs);
  const content = rows.slice(0, page.limit).map((c): AuditEntry => ({
    id: Number(c[0]), at: toIso(c[1]), who: c[2] as string, operation: c[3] as string, target: c[4] as Record<string, unknown>, outcome: c[5] as string,
    detail: c[6] as Record<string, unknown> | null, requestId: c[7] as string | null,
  }));
  return { content, next: rows.length > page.limit ? (content.at(-1)?.id ?? null) : null };
}
