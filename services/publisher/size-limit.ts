import type { Outgoing } from './sink.ts';

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 960_000;

/** What one send showed of sizes, in bytes of one record batch. */
export interface SizesSeen {
  /** The largest that was taken; 0 for none. */
  taken: number;
  /** Those of more than one message that were refused as too large. */
  refused: readonly number[];
}

/**
 * How large a record batch the topic takes, learned from what it refuses and remembered while the process lives: sends are cut to it,
 * instead of being halved anew each time. The broker's own limit (max.message.bytes) may be raised at any time, so more is tried again: once after a
 * minute, after each refusal of that twice as long, up to 16 minutes; what was then taken is doubled with each send. A single message that is
 * too large lowers it to no less than what went beside it. Times are monotonic, in ms.
 */
export class SizeLimit {
  #limit = Infinity;
  /** The least that is known to be refused. */
  #ceiling = Infinity;
  #pauseMs = FIRST_PAUSE_MS;
  #tryAt = Infinity;

  /** Most bytes of a record batch now; Infinity while nothing was refused. One message goes whatever its size. */
  most(now: number): number {
    return now >= this.#tryAt ? this.#limit * 2 : this.#limit;
  }

  /** Takes what a send showed into account. */
  saw({ taken, refused }: SizesSeen, now: number): void {
    const least = Math.min(...refused.filter((bytes) => bytes > taken));
    if (least !== Infinity) {
      if (now >= this.#tryAt) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
      this.#limit = Math.max(taken, least / 2);
      this.#ceiling = least;
      this.#tryAt = now + this.#pauseMs;
    } else if (taken > this.#limit) {
      // More was tried, and taken.
      [this.#ceiling, this.#pauseMs, this.#tryAt] = [Infinity, FIRST_PAUSE_MS, Infinity];
      this.#limit = taken * 2;
    } else if (taken * 2 > this.#limit && this.#limit * 2 < this.#ceiling) this.#limit *= 2;
  }
}

/** Messages at positions [from, to]. */
export interface Piece {
  from: number;
  to: number;
}

/** Cuts messages, in order, into pieces of at most so many bytes, or of one message. */
export function cutPieces(messages: readonly Outgoing[], most: number): Piece[] {
  const pieces: Piece[] = [];
  let bytes = 0;
  messages.forEach((message, at) => {
    const last = pieces.at(-1);
    if (last === undefined || bytes + message.bytes > most) {
      pieces.push({ from: at, to: at });
      bytes = message.bytes;
    } else {
      last.to = at;
      bytes += message.bytes;
    }
  });
  return pieces;
}

/** Bytes of the messages at these positions. */
export function bytesOf(messages: readonly Outgoing[], { from, to }: Piece): number {
  let bytes = 0;
  for (let at = from; at <= to; at++) bytes += messages[at]?.bytes ?? 0;
  return bytes;
}
