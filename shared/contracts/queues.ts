/** What waits for a writer, apart: requests that clients wait for, and the lanes of large batches. */
export const QUEUES = ['requests', 'high', 'normal', 'low'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Reads the setting pausedQueues. */
export function pausedQueues(text: string): QueueName[] {
  return QUEUES.filter((queue) => text.split(',').includes(queue));
}

/** What an operator sees of a queue. */
export interface QueueState {
  queue: QueueName;
  paused: boolean;
  /** Requests: in work. Lanes: batches that are not ended. */
  underway: number;
  /** Items that writers have in hand. */
  inFlight: number;
  /** Items that wait. Requests: for a writer; lanes: staged and not done yet, with those that are in flight. */
  waiting: number;
  /** Requests: how long the oldest has been waiting; lanes: since when the oldest batch is at work; seconds. */
  oldestS: number | null;
}
