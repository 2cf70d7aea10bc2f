/** The kind of ledger rows that tell of large batches: no record kind, and none may have this name. */
export const BATCH_KIND = 'batch';

/** What is told of a large batch on the topic of batches. */
export const EVENTS_OUT = ['CheckpointCreated', 'BatchExecuted', 'ExecutionFailed'] as const;

/** What may be said to a large batch on the topic of commands. */
export const EVENTS_IN = ['BatchInitialized', 'ResourcesAllocated', 'ItemProcessingCompleted'] as const;
export type EventIn = (typeof EVENTS_IN)[number];

/** Name of the sink that events of large batches are owed to. */
export function batchesSink({ batchesTopic }: { batchesTopic: string }): string {
  return `kafka:${batchesTopic}`;
}
