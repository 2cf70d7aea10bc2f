import type { NamedStatement } from './flush.ts';

/** One at a time decides who works, for the length of its transaction: two who drain at once must not drain the last two. */
export const LOCK_DUTY: NamedStatement = { name: 'lock-duty', text: `select pg_advisory_xact_lock(hashtextextended('sluice nodes.drain', 0))` };
