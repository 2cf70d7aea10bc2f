import type { TopicBreach } from './check-topic.ts';

/** A run of messages that the ledger says a partition holds from `base` on: ids ascending, within [low, high]. */
export interface Claim {
  partition: number;
  base: number;
  low: number;
  high: number;
  /** It holds every written id of [low, high] that belongs to the partition, so it begins with the first of them. */
  complete: boolean;
  batchId: string;
  firstIndex: number;
  op: string;
  kind: string;
  firstId: number;
  version: number;
  rejected: readonly number[];
}

/** A message, as far as claims are concerned. */
export interface PlacedMessage {
  offset: number;
  kind: string;
  id: number;
  version: number;
}

/**
 * Holds the messages of one partition, in their order, against the claims on it, in the order of their base: at each claimed
 * offset there is the record that the ledger says. Looks at one claim at a time.
 */
export class ClaimMatcher {
  readonly #place: { topic: string; partition: number };
  readonly #partitionOf: (id: number) => number;
  readonly #tell: (breach: TopicBreach) => void;
  #current: { claim: Claim; last: number } | undefined;

  /** @param tell told of each claim that the topic doesn't bear out */
  constructor(place: { topic: string; partition: number }, partitionOf: (id: number) => number, tell: (breach: TopicBreach) => void) {
    this.#place = place;
    this.#partitionOf = partitionOf;
    this.#tell = tell;
  }

  /**
   * Whether a message belongs to the claim at hand, or to one that begins with it. `claims` are those that were not taken yet; what
   * is done with is removed.
   */
  takes(message: PlacedMessage, claims: Claim[]): boolean {
    while (this.#first(claims) !== undefined && (this.#first(claims) as Claim).base < message.offset) this.lacks(claims.shift() as Claim);
    const next = this.#first(claims);
    if (next?.base === message.offset) {
      claims.shift();
      while (this.#first(claims)?.base === next.base) this.#wrong('offset-claimed-twice', claims.shift() as Claim, 1, 2);
      if (begins(next, message, this.#partitionOf)) {
        this.#current = { claim: next, last: message.id };
        return true;
      }
      this.#wrong('message-elsewhere', next, next.complete ? firstOf(next, this.#partitionOf) : next.low, message.id);
    }
    if (this.#goesOn(message)) return true;
    this.#current = undefined;
    return false;
  }

  /** A claim on an offset where nothing is. */
  lacks(claim: Claim): void {
    this.#wrong('message-elsewhere', claim, claim.complete ? firstOf(claim, this.#partitionOf) : claim.low, 0);
  }

  /** The next claim, if it is on this partition. */
  #first(claims: readonly Claim[]): Claim | undefined {
    return claims[0]?.partition === this.#place.partition ? claims[0] : undefined;
  }

  /** Whether a message continues the claim at hand; it is noted then. */
  #goesOn(message: PlacedMessage): boolean {
    if (this.#current === undefined || !belongs(this.#current.claim, message, this.#current.last)) return false;
    this.#current.last = message.id;
    return true;
  }

  #wrong(what: string, { kind, batchId, firstIndex, base }: Claim, expected: number, found: number): void {
    this.#tell({ what, where: { kind, batchId, firstIndex, ...this.#place, offset: base }, expected, found });
  }
}

function belongs(claim: Claim, { kind, id, version }: PlacedMessage, after: number): boolean {
  return claim.kind === kind && id > after && id <= claim.high && version >= claim.version && !claim.rejected.includes(claim.firstIndex + id - claim.firstId);
}

function begins(claim: Claim, message: PlacedMessage, partitionOf: (id: number) => number): boolean {
  return belongs(claim, message, claim.low - 1) && (!claim.complete || firstOf(claim, partitionOf) === message.id);
}

/** The first id that a complete claim holds. */
function firstOf({ partition, low, high, rejected, firstIndex, firstId }: Claim, partitionOf: (id: number) => number): number {
  let id = low;
  while (id < high && (partitionOf(id) !== partition || rejected.includes(firstIndex + id - firstId))) id++;
  return id;
}
