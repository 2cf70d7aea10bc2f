import { isFinal } from '../../../shared/batches/states.ts';
import { batchStatus, type BatchStatus } from '../list/batch-status.ts';
import { iso, readProgress, type LargeFact, type Run } from './large-facts.ts';
import { headOf, outlookOf, round, uploadComplete, type LargeHead, type Outlook } from './large-view.ts';

/** Why something was not done. */
export const ERROR_CATEGORIES = ['EXECUTION_ERROR', 'RESOURCE_ERROR', 'ITEM_ERROR', 'SYSTEM_ERROR', 'TIMEOUT_ERROR'] as const;
export type ErrorCategory = (typeof ERROR_CATEGORIES)[number];
export type ErrorCounts = Record<ErrorCategory, number>;

export interface LargeStatus extends BatchStatus, LargeHead, Outlook {
  kind: string;
  batchId: string;
  state: LargeFact['state'];
  options: { priority: string; parallelism: number; checkpointInterval: number; enableCheckpointing: boolean; errorPolicy: string; maxRetryAttempts: number; deadlineAt: string };
  format: string | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  executionResults: { batchCompleted: boolean; itemsProcessed: number; itemsSuccessful: number; itemsFailed: number; successRate: number | null };
  /** When something of it was done last. */
  processingTimestamp: string;
  executionMetadata: { executionDuration: number; averageItemTime: number | null; parallelismAchieved: number | null; checkpointsCreated: number };
  errors: ErrorCounts;
}

/** Of a failed batch only. */
export interface Failure {
  status: 'ERROR';
  errorCode: string;
  errorMessage: string;
  details: { systemErrors: number; resourceErrors: number; dataErrors: number; timeoutErrors: number };
}

/** What a batch as a whole failed for, where its items don't tell. */
const FAILURES: Readonly<Record<string, ErrorCategory>> = { deadline: 'TIMEOUT_ERROR', 'error-policy': 'ITEM_ERROR' };

/** A batch, and of a large one all that there is to see; `upload` says how far its upload has come. */
export async function readStatus(run: Run, batchId: string): Promise<{ status: BatchStatus | (LargeStatus & Partial<Failure>); upload?: { offset: number; complete: boolean } } | undefined> {
  // In this order: what a checkpoint reports is in the ledger by then.
  const large = await readProgress(run, batchId);
  const counts = await batchStatus(run, batchId);
  if (counts === undefined) return undefined;
  if (large === undefined) return { status: counts };
  const { fact } = large;
  const outlook = outlookOf(large);
  // The state of the counts is the newer one.
  const state = counts.state as LargeFact['state'];
  const processed = counts.written + counts.rejected;
  const items = { ...outlook.progress, items: Math.max(outlook.progress.items, fact.checkpointing ? 0 : processed) };
  const errors = errorsOf(fact, counts.rejected);
  const status: LargeStatus = {
    ...counts, ...headOf(fact), state,
    options: {
      priority: fact.priority, parallelism: fact.parallelism, checkpointInterval: fact.checkpointInterval, enableCheckpointing: fact.checkpointing,
      errorPolicy: fact.errorPolicy, maxRetryAttempts: fact.maxRetries, deadlineAt: iso(fact.deadlineAt),
    },
    format: fact.format,
    createdAt: iso(fact.createdAt), startedAt: iso(fact.startedAt), finishedAt: iso(fact.finishedAt),
    ...outlook, progress: items,
    executionResults: { batchCompleted: state === 'COMPLETED', itemsProcessed: processed, itemsSuccessful: counts.written, itemsFailed: counts.rejected, successRate: processed === 0 ? null : round(counts.written / processed) },
    processingTimestamp: iso(fact.finishedAt ?? fact.checkpoint?.at ?? fact.startedAt ?? fact.createdAt),
    executionMetadata: metadataOf(fact, processed),
    errors,
  };
  return {
    status: state === 'FAILED' ? { ...status, ...failureOf(fact, errors) } : status,
    upload: { offset: items.bytes, complete: uploadComplete(fact) },
  };
}

/** Errors of items by category; those of inserted records, which the ledger counts, are about the items. */
export function errorsOf({ errors }: Pick<LargeFact, 'errors'>, failed: number): ErrorCounts {
  const counted = Object.fromEntries(ERROR_CATEGORIES.map((category) => [category, errors[category] ?? 0])) as ErrorCounts;
  const known = Object.values(counted).reduce((sum, n) => sum + n, 0);
  return { ...counted, ITEM_ERROR: counted.ITEM_ERROR + Math.max(0, failed - known) };
}

function metadataOf(fact: LargeFact, processed: number): LargeStatus['executionMetadata'] {
  const duration = Math.max(0, Date.parse(fact.finishedAt ?? fact.now) - Date.parse(fact.startedAt ?? fact.createdAt));
  return {
    executionDuration: duration,
    averageItemTime: processed === 0 ? null : Math.round((duration / processed) * 1_000) / 1_000,
    parallelismAchieved: fact.carriedMs === 0 || duration === 0 ? null : Math.round((fact.carriedMs / duration) * 100) / 100,
    checkpointsCreated: fact.checkpoints,
  };
}

/** What a failed batch tells: its items' errors, and what it failed for itself. */
export function failureOf({ errorCode, errorMessage, state }: Pick<LargeFact, 'errorCode' | 'errorMessage' | 'state'>, errors: ErrorCounts): Failure {
  const code = errorCode ?? 'failed';
  const category = FAILURES[code] ?? 'SYSTEM_ERROR';
  const of = (...categories: ErrorCategory[]) => categories.reduce((sum, name) => sum + errors[name], 0) + (categories.includes(category) && (category !== 'ITEM_ERROR' || errors.ITEM_ERROR === 0) ? 1 : 0);
  return {
    status: 'ERROR',
    errorCode: code,
    errorMessage: errorMessage ?? (isFinal(state) ? 'The batch failed; what was written stands.' : 'The batch is being ended.'),
    details: { systemErrors: of('SYSTEM_ERROR', 'EXECUTION_ERROR'), resourceErrors: of('RESOURCE_ERROR'), dataErrors: of('ITEM_ERROR'), timeoutErrors: of('TIMEOUT_ERROR') },
  };
}
