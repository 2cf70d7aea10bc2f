import type { Pool, PoolClient } from 'pg';

/** A connection that somebody has. */
export interface HeldConnection {
  heldMs: number;
  /** Name of its last statement; of one without a name its first word, of none yet `none`. Never values. */
  query: string;
  /** Who took it; of a connection that the ORM took, the node's services. */
  service: string;
}

/** What is told of the pool as it happens; times in ms. */
export interface PoolEvents {
  /** A connection was taken, after so long. */
  taken(waitedMs: number): void;
  /** It was given back, after so long; `overdue`: after it was told as held too long. */
  given(heldMs: number, overdue: boolean): void;
  /** None came in time. */
  timedOut(): void;
}

interface Taking {
  service: string | undefined;
  /** Monotonic ms. */
  at: number;
  name: string | undefined;
  /** Of a statement without a name; only its first word is ever told, for the rest can hold values. */
  text: string | undefined;
  overdue: boolean;
}

type TakenCallback = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;
type Query = (...all: unknown[]) => unknown;

const TIMEOUTS = ['timeout exceeded when trying to connect', 'Connection terminated due to connection timeout'];

/**
 * Watches a pool where its connections are taken and given back: who has which for how long, with which statement. All that it
 * does for a connection is a few assignments, so that it can always run.
 */
export class PoolWatch {
  /** Told of each taking; none unless set. */
  events: PoolEvents | undefined;
  readonly #pool: Pool;
  readonly #connect: (callback: TakenCallback) => void;
  readonly #now: () => number;
  readonly #takings = new Map<PoolClient, Taking>();
  /** Who asked and has none yet, in the order of asking, with when. */
  readonly #asking = new Set<{ at: number }>();
  readonly #noted = new WeakSet<PoolClient>();

  /** @param now monotonic ms */
  constructor(pool: Pool, now: () => number) {
    this.#pool = pool;
    this.#now = now;
    this.#connect = pool.connect.bind(pool) as unknown as (callback: TakenCallback) => void;
    pool.connect = this.#connectFor(undefined);
    pool.on('release', (_error, client) => this.#given(client));
  }

  /** The same pool, whose connections are noted as taken by this service. */
  as(service: string): Pool {
    return Object.create(this.#pool, { connect: { value: this.#connectFor(service) } }) as Pool;
  }

  /** The connections that are held for at least so long, the longest first. */
  held(atLeastMs: number, services: string): HeldConnection[] {
    return this.#heldFor(atLeastMs).map((taking) => this.#told(taking, services));
  }

  /** Of those, the ones that it has not answered before: each taking is told once. */
  overdue(atLeastMs: number, services: string): HeldConnection[] {
    const fresh = this.#heldFor(atLeastMs).filter(({ overdue }) => !overdue);
    for (const taking of fresh) taking.overdue = true;
    return fresh.map((taking) => this.#told(taking, services));
  }

  /** How many have been waiting for a connection for at least so long. */
  waiting(atLeastMs: number): number {
    const now = this.#now();
    let count = 0;
    for (const { at } of this.#asking) {
      if (now - at < atLeastMs) break;
      count++;
    }
    return count;
  }

  #heldFor(atLeastMs: number): Taking[] {
    const now = this.#now();
    return [...this.#takings.values()].filter(({ at }) => now - at >= atLeastMs).sort((a, b) => a.at - b.at);
  }

  #told(taking: Taking, services: string): HeldConnection {
    return { heldMs: Math.round(this.#now() - taking.at), query: nameOf(taking), service: taking.service ?? services };
  }

  #connectFor(service: string | undefined): Pool['connect'] {
    const take = (callback: TakenCallback) => {
      const asked = { at: this.#now() };
      this.#asking.add(asked);
      this.#connect((error, client, done) => {
        this.#asking.delete(asked);
        if (client !== undefined) this.#taken(client, service, asked.at);
        else if (TIMEOUTS.includes(error?.message ?? '')) this.events?.timedOut();
        callback(error, client, done);
      });
    };
    return ((callback?: TakenCallback) => {
      if (callback !== undefined) return take(callback);
      return new Promise((resolve, reject) => take((error, client) => (client === undefined ? reject(error as Error) : resolve(client))));
    }) as Pool['connect'];
  }

  #taken(client: PoolClient, service: string | undefined, asked: number): void {
    const at = this.#now();
    this.#takings.set(client, { service, at, name: undefined, text: undefined, overdue: false });
    this.#noteStatements(client);
    this.events?.taken(at - asked);
  }

  #given(client: PoolClient): void {
    const taking = this.#takings.get(client);
    if (taking === undefined) return;
    this.#takings.delete(client);
    this.events?.given(this.#now() - taking.at, taking.overdue);
  }

  #noteStatements(client: PoolClient): void {
    if (this.#noted.has(client)) return;
    this.#noted.add(client);
    const query = client.query.bind(client) as Query;
    (client as unknown as { query: Query }).query = (...all) => {
      const taking = this.#takings.get(client);
      if (taking !== undefined) {
        const asked = all[0] as string | { name?: string; text?: string } | undefined;
        taking.name = typeof asked === 'string' ? undefined : asked?.name;
        taking.text = typeof asked === 'string' ? asked : asked?.text;
      }
      return query(...all);
    };
  }
}

function nameOf({ name, text }: Taking): string {
  if (name !== undefined && name !== '') return name;
  return text === undefined ? 'none' : (/^\s*([A-Za-z]{1,20})\b/.exec(text)?.[1]?.toLowerCase() ?? 'unnamed');
}
