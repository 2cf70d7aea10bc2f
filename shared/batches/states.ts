/**
 * The states of a large batch, and what moves it from one to the next.
 *
 *                       ┌──────────── pause ───────────┐
 *   RECEIVING ──────────┤                              ▼
 *     │   │ staged:     │◄─────────── resume ───────  PAUSED
 *     │   │ uploaded    │                              ▲
 *     │   ▼             │                              │
 *     │  READY ─start─► RUNNING ───────── pause ───────┘
 *     │                   │
 *     └── complete ───────┴──► COMPLETED
 *   any of them ── fail ─────► FAILED        (deadline, error policy, a count that does not agree)
 *   any of them ── cancel ───► CANCELLING ── settled ──► CANCELLED
 *
 * RECEIVING: its upload runs, or broke off and may go on. READY: staged whole, waits for its start (or is RUNNING at once, when it
 * starts by itself). RUNNING: staged chunks are carried out.
 */
export const BATCH_STATES = ['RECEIVING', 'READY', 'RUNNING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export const BATCH_MOVES = ['uploaded', 'start', 'pause', 'resume', 'cancel', 'settled', 'complete', 'fail'] as const;
export type BatchMove = (typeof BATCH_MOVES)[number];

/** Where each move leads; `back` is the state that a pause interrupted. */
const TABLE: Record<BatchState, Partial<Record<BatchMove, BatchState | 'back'>>> = {
  RECEIVING: { uploaded: 'READY', pause: 'PAUSED', cancel: 'CANCELLING', complete: 'COMPLETED', fail: 'FAILED' },
  READY: { start: 'RUNNING', cancel: 'CANCELLING', fail: 'FAILED' },
  RUNNING: { pause: 'PAUSED', cancel: 'CANCELLING', complete: 'COMPLETED', fail: 'FAILED' },
  PAUSED: { resume: 'back', cancel: 'CANCELLING', fail: 'FAILED' },
  CANCELLING: { settled: 'CANCELLED' },
  COMPLETED: {},
  FAILED: {},
  CANCELLED: {},
};

/** Moves that a client may ask for. */
export const COMMANDS = ['start', 'pause', 'resume', 'cancel'] as const satisfies readonly BatchMove[];
export type BatchCommand = (typeof COMMANDS)[number];

/**
 * The state after a move, or the commands that are allowed instead.
 * @param beforePause the state that a pause interrupted
 */
export function moved(state: BatchState, move: BatchMove, beforePause: BatchState | null): { state: BatchState } | { allowed: BatchCommand[] } {
  const target = TABLE[state][move];
  if (target === undefined) return { allowed: COMMANDS.filter((command) => TABLE[state][command] !== undefined) };
  return { state: target === 'back' ? (beforePause ?? 'RUNNING') : target };
}

/** Whether nothing can change any more. */
export function isFinal(state: BatchState): boolean {
  return Object.keys(TABLE[state]).length === 0;
}
