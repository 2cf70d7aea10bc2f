import type { IncomingMessage } from 'node:http';
import { overloaded } from '../../../shared/errors/overloaded.ts';
import type { ProblemError } from '../../../shared/errors/problem.ts';
import { DrainRate } from '../../../shared/runtime/drain-rate.ts';

/** One request's share of the room. */
export interface BodyHold {
  /** The body is being read from now on; `refuse` ends that, when room is needed for faster senders. */
  reading(refuse: (problem: ProblemError) => void): void;
  /**
   * So many bytes more are kept.
   * @throws ProblemError 503 with Retry-After when there is no room for them
   */
  grow(bytes: number): void;
  /** The body is complete, or is read no further. */
  ended(): void;
  /** Nothing of it is kept any more. Twice is fine. */
  free(): void;
}

interface Held {
  bytes: number;
  /** When reading began; monotonic ms. */
  at: number;
  /** While the body is being read. */
  refuse: ((problem: ProblemError) => void) | undefined;
}

export interface BodyRoomTools {
  maxBytes: number;
  now: () => number;
  /** Most seconds a client is told to wait. */
  longestS: number;
  onRefusal(reason: 'bodies' | 'slow-sender'): void;
}

/** Who has been sending for longer gives way when room is needed. */
const SLOW_MS = 1_000;

const holds = new WeakMap<IncomingMessage, BodyHold>();

/** A request's share of its edge's room; undefined where none is kept. */
export function holdOf(req: IncomingMessage): BodyHold | undefined {
  return holds.get(req);
}

/**
 * The memory that the bodies of all requests of an edge may take, from their first byte until they are answered. Counted
 * is what has come, not what was announced: an announcement costs nothing. When it is full, the sender who has been at it
 * longest is refused, if that is longer than a second; else the one who brings more.
 */
export class BodyRoom {
  readonly #tools: BodyRoomTools;
  readonly #drain: DrainRate;
  /** In the order in which they came. */
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(tools: BodyRoomTools) {
    this.#tools = tools;
    this.#drain = new DrainRate(tools.now(), tools.longestS);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest body began to come that is not complete, or undefined. Monotonic ms. */
  oldestAt(): number | undefined {
    for (const { refuse, at } of this.#held) if (refuse !== undefined) return at;
    return undefined;
  }

  /** Opens an account for a request, to be freed when it is answered. */
  open(req: IncomingMessage): BodyHold {
    const held: Held = { bytes: 0, at: this.#tools.now(), refuse: undefined };
    const hold: BodyHold = {
      reading: (refuse) => {
        held.refuse = refuse;
        this.#held.add(held);
      },
      grow: (bytes) => {
        if (!this.#makeRoom(bytes, held)) throw this.#refusal('bodies');
        held.bytes += bytes;
        this.#count(bytes);
      },
      ended: () => (held.refuse = undefined),
      free: () => {
        if (held.bytes > 0) this.#drain.add(held.bytes, this.#tools.now());
        this.#release(held);
        this.#held.delete(held);
      },
    };
    holds.set(req, hold);
    return hold;
  }

  #makeRoom(bytes: number, asking: Held): boolean {
    const fits = () => this.#bytes + bytes <= this.#tools.maxBytes || this.#bytes === asking.bytes;
    const slowBefore = this.#tools.now() - SLOW_MS;
    for (const held of fits() ? [] : this.#held) {
      if (held.at > slowBefore || fits()) break;
      if (held.refuse === undefined || held === asking) continue;
      const { refuse } = held;
      held.refuse = undefined;
      this.#release(held);
      refuse(this.#refusal('slow-sender'));
    }
    return fits();
  }

  #refusal(reason: 'bodies' | 'slow-sender'): ProblemError {
    this.#tools.onRefusal(reason);
    return overloaded(this.#drain.secondsFor(this.#bytes, this.#tools.now()));
  }

  #release(held: Held): void {
    this.#count(-held.bytes);
    held.bytes = 0;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#drain.busy(this.#bytes > this.#tools.maxBytes / 2, this.#tools.now());
  }
}
