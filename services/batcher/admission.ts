import { overloaded } from '../../shared/errors/overloaded.ts';
import type { DrainRate } from '../../shared/runtime/drain-rate.ts';
import type { GateKeeper } from '../../shared/runtime/intake-gate.ts';
import type { PoolDoor } from './pool-door.ts';
import type { WriteQueue } from './queue.ts';

/** What a request brings. */
export interface Load {
  items: number;
  /** Of its body; 0 where it isn't known. */
  bytes: number;
  /** Time left for it in ms. */
  deadlineMs: number;
}

/** What an edge has in work, and how it gets on. */
export interface Pressure {
  /** Writing requests in work. */
  requests: number;
  /** Items admitted that no writer has in hand, wherever on their way they are. */
  waiting: number;
  /** Bytes of the bodies of all requests in work. */
  bytes: number;
  /** How long the oldest has waited in the queue, in ms. */
  ageMs: number;
  /** Items a second that leave the queue; undefined before it was measured. */
  perSecond: number | undefined;
  /** How late the event loop runs what is due, in ms: what comes in has waited as long already. */
  loopDelayMs: number;
}

export interface AdmissionLimits {
  maxRequests: number;
  maxItems: number;
  maxBytes: number;
}

/** A request that would spend more of its deadline than this in the queue is refused: the rest is for its writing. */
const DEADLINE_SHARE = 0.5;

/**
 * Why a request may not come in now: `requests`, `items` or `bytes` are at their bound, or it would wait too long (`age`).
 * Undefined where it may: where nothing waits any request may, however large.
 */
export function refusalOf(load: Load, pressure: Pressure, limits: AdmissionLimits): 'requests' | 'items' | 'bytes' | 'age' | undefined {
  if (pressure.requests >= limits.maxRequests) return 'requests';
  if (pressure.waiting === 0) return undefined;
  if (pressure.waiting + load.items > limits.maxItems) return 'items';
  if (pressure.bytes + load.bytes > limits.maxBytes) return 'bytes';
  const waitMs = Math.max(pressure.ageMs, pressure.perSecond === undefined ? 0 : (pressure.waiting / pressure.perSecond) * 1_000);
  return waitMs + pressure.loopDelayMs > load.deadlineMs * DEADLINE_SHARE ? 'age' : undefined;
}

export interface AdmissionTools {
  limits: AdmissionLimits;
  /** Kept shut while the pools of connections are exhausted, or an operator paused the queue. */
  doors: Pick<PoolDoor, 'enter'>;
  /** Items that writers have in hand at this moment. */
  handedOver: () => number;
  queue: Pick<WriteQueue, 'bytes' | 'oldestAt'>;
  loopDelayMs: () => number;
  drain: DrainRate;
  now: () => number;
  onRefusal(reason: string): void;
}

/** Takes work that goes on after the answer: the request counts until it has ended. */
export type Hold = (work: Promise<unknown>) => void;

/** Room kept for a body that is being read. */
interface Claim {
  items: number;
  /** Monotonic ms. */
  at: number;
}

/** A body being read holds room for at most this much of it, and no longer than this: a slow sender holds up nobody. */
const CLAIM_BYTES = 131_072;
const CLAIM_MS = 200;
/** Bytes of an item, until it is measured; weight of a new request in the mean. */
const ITEM_BYTES = 200;
const ITEM_BYTES_WEIGHT = 0.1;

/**
 * Counts what is in work, from a request's admission until it is settled, and refuses what would not fit: at the gate,
 * before the body is read, by its length; and when its items are known.
 */
export class Admission implements GateKeeper {
  readonly #tools: AdmissionTools;
  #requests = 0;
  #items = 0;
  #bytes = 0;
  #itemBytes = ITEM_BYTES;
  /** Of bodies being read, oldest first. */
  readonly #claims = new Set<Claim>();
  #claimed = 0;

  constructor(tools: AdmissionTools) {
    this.#tools = tools;
  }

  get requests(): number {
    return this.#requests;
  }
  /** Items admitted that no writer has in hand. */
  get waiting(): number {
    return Math.max(0, this.#items - this.#tools.handedOver());
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Seconds after which a request may fit: what waits over the measured drain rate. */
  retryAfter(): number {
    return this.#tools.drain.secondsFor(this.waiting, this.#tools.now());
  }

  enter(bytes: number | undefined, deadlineMs: number): () => void {
    const now = this.#tools.now();
    for (const claim of this.#claims) {
      if (now - claim.at < CLAIM_MS) break;
      this.#drop(claim);
    }
    const claim: Claim = { items: Math.max(1, Math.round(Math.min(bytes ?? 0, CLAIM_BYTES) / this.#itemBytes)), at: now };
    this.#refuse({ items: claim.items, bytes: bytes ?? 0, deadlineMs }, this.#claimed, this.#claims.size);
    this.#claims.add(claim);
    this.#claimed += claim.items;
    return () => this.#drop(claim);
  }

  /**
   * Runs the work of a request if there is room for it. It counts until the work is done, and all that it gave to `hold`.
   * @throws ProblemError 503 with Retry-After when there is not; nothing was done then
   */
  async admit<T>(load: Load, work: (hold: Hold) => Promise<T>): Promise<T> {
    this.#refuse(load, 0, 0);
    if (load.bytes > 0 && load.items > 0) this.#itemBytes += (load.bytes / load.items - this.#itemBytes) * ITEM_BYTES_WEIGHT;
    this.#requests++;
    this.#items += load.items;
    this.#bytes += load.bytes;
    let parts = 1;
    const ended = () => {
      if (--parts > 0) return;
      this.#requests--;
      this.#items -= load.items;
      this.#bytes -= load.bytes;
    };
    const hold = (part: Promise<unknown>) => {
      parts++;
      void part.then(ended, ended);
    };
    try {
      return await work(hold);
    } finally {
      ended();
    }
  }

  #refuse(load: Load, claimedItems: number, claims: number): void {
    const { limits, doors, drain, queue, loopDelayMs, now } = this.#tools;
    doors.enter(this.#requests + claims);
    const at = now();
    const pressure: Pressure = { requests: this.#requests + claims, waiting: this.waiting + claimedItems, bytes: Math.max(this.#bytes, queue.bytes), ageMs: at - (queue.oldestAt() ?? at), perSecond: drain.perSecond(at), loopDelayMs: loopDelayMs() };
    const reason = refusalOf(load, pressure, limits);
    if (reason === undefined) return;
    this.#tools.onRefusal(reason);
    throw overloaded(this.retryAfter());
  }

  #drop(claim: Claim): void {
    if (this.#claims.delete(claim)) this.#claimed -= claim.items;
  }
}
