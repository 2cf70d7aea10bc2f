import { pausedQueues, type QueueName } from '../../shared/contracts/queues.ts';
import { queuePaused } from '../../shared/errors/overloaded.ts';
import type { Settings } from '../../shared/config/settings.ts';

const RETRY_AFTER_S = 10;

/** An edge's side of the queues that an operator paused: nothing new is let in; what is in work is finished. */
export class QueueDoor {
  readonly #settings: Pick<Settings, 'pausedQueues'>;

  /** @param settings read anew each time */
  constructor(settings: Pick<Settings, 'pausedQueues'>) {
    this.#settings = settings;
  }

  isPaused(queue: QueueName): boolean {
    return this.#settings.pausedQueues !== 'none' && pausedQueues(this.#settings.pausedQueues).includes(queue);
  }

  /** @throws ProblemError 503 `queue-paused` with Retry-After; nothing was done then */
  enter(queue: QueueName): void {
    if (this.isPaused(queue)) throw queuePaused(queue, RETRY_AFTER_S);
  }
}
