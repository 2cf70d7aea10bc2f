/** The kind of ledger rows that tell of large batches: no record kind, and none may have this name. */
export const BATCH_KIND = 'batch';

/** The kind of ledger rows by which items are handed out to be carried out elsewhere: no record kind either. */
export const ITEM_KIND = 'item';

/** What is said with it. */
export const ITEM_REQUESTED = 'ItemProcessingRequested';

/** What is told of a large batch on the topic of batches. */
export const EVENTS_OUT = ['CheckpointCreated', 'BatchExecuted', 'ExecutionFailed'] as const;

/** What may be said to a large batch on the topic of commands. */
export const EVENTS_IN = ['BatchInitialized', 'ResourcesAllocated', 'ItemProcessingCompleted'] as const;
export type EventIn = (typeof EVENTS_IN)[number];

/** Name of the sink that events of large batches are owed to. */
export function batchesSink({ batchesTopic }: { batchesTopic: string }): string {
  return `kafka:${batchesTopic}`;
}
