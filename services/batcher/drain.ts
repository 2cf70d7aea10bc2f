import { every, type Loop } from '../../shared/runtime/every.ts';

const LOOK_MS = 250;
/** A connection or a writer that is away for less is waited for. */
export const STRANDED_MS = 2_000;

/** What a stopping edge's work depends on. */
export interface DrainTools {
  /** Whether there is a writer that work can be handed to now. */
  canHandOut(): boolean;
  /** Nothing can be handed out any more: ends what waits, so that it is answered. Called again at each look while that lasts. */
  abandon(): Promise<void>;
  /** Ends what nothing but a person's command would let go on. */
  endPaused(): Promise<void>;
  /** Monotonic ms. */
  now(): number;
  onError: (error: unknown) => void;
}

/**
 * Looks after the work of an edge that stops: what can be finished is; but where no writer can be reached for STRANDED_MS, as when NATS is
 * away, nobody waits for their return until the deadline.
 */
export function watchDrain(tools: DrainTools): Loop {
  let since: number | undefined;
  return every(LOOK_MS, async () => {
    await tools.endPaused();
    if (tools.canHandOut()) since = undefined;
    else since ??= tools.now();
    if (since !== undefined && tools.now() - since >= STRANDED_MS) await tools.abandon();
  }, tools.onError);
}
