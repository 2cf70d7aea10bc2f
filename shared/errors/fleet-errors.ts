import moleculer from 'moleculer';

const { MoleculerError } = moleculer.Errors;

/**
 * Errors that travel between nodes. Moleculer rebuilds them as plain errors with `type`, so `type` is what is tested.
 */
export const FLEET_ERRORS = {
  /** Whether the chunk was written can't be told; settle. */
  outcomeUnknown: 'OUTCOME_UNKNOWN',
  /** Surely nothing of the chunk was written; it may be tried again. */
  notWritten: 'NOT_WRITTEN',
  /** The time given was over before the work began; nothing was written. */
  tooLate: 'TOO_LATE',
} as const;
export type FleetErrorType = (typeof FLEET_ERRORS)[keyof typeof FLEET_ERRORS];

/** An error another node can understand. */
export function fleetError(type: FleetErrorType, message: string, data?: Record<string, unknown>): Error {
  return new MoleculerError(message, 500, type, data ?? {});
}

/** The type of an error that came through a call, Moleculer's own included (`QUEUE_FULL`, `SERVICE_NOT_FOUND` ...). */
export function fleetErrorType(error: unknown): string | undefined {
  const type = (error as { type?: unknown }).type;
  return typeof type === 'string' ? type : undefined;
}
