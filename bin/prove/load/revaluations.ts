import type { Receipt } from './send-upload.ts';

/** A batch of revaluations that a client uploaded, and what it came to know of it. */
export interface Revaluations {
  /** The request's number. */
  no: number;
  batchId: string | undefined;
  /** Of each item the execution that it names; no execution is named twice in a run, except those that do not exist. */
  executionIds: readonly number[];
  receipts: readonly (Receipt | undefined)[] | undefined;
  fromMs: number;
  toMs: number;
}

/** Ids that no execution of a run has: one that could be, and one that cannot. */
export const NO_EXECUTION = [2_147_483_647, -1] as const;

/** The price that the price service of a run tells of a security: the same always, with eight digits behind the point. */
export function priceOf(securityId: string): string {
  let sum = 7;
  for (const char of securityId) sum = (sum * 31 + char.charCodeAt(0)) % 99_999_989;
  return `${1 + (sum % 999)}.${String(sum).padStart(8, '0')}`;
}
