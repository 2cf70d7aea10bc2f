import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Choose } from './orders.ts';

/** Where an actor stops at a statement: before it is sent; when it has run and holds its locks, but is not committed; when its answer is there and nobody has heard it. */
export type Point = 'before' | 'within' | 'after';

/** Statements, by a piece of their text, with the points where whoever sends them stops. */
export type Gates = Readonly<Record<string, readonly Point[]>>;

/** What becomes of somebody who stands at a gate: goes on; loses the connection, and with it the statement or its answer; is killed. */
export type Fate = 'go' | 'cut' | 'die';

/** Somebody is dead: nothing of it happens any more. */
export class Died extends Error {}

interface Standing {
  actor: string;
  where: string;
  cuttable: boolean;
  open: (fate: Fate) => void;
}

export interface StageShape {
  /** Asks PostgreSQL who waits for whom. */
  watch: Pool;
  /** By actor. */
  gates: Readonly<Record<string, Gates>>;
  /** Most connections that are cut. */
  cuts?: number;
  /** Actors of which one may be killed. */
  mortals?: readonly string[];
}

export type Results = Record<string, { value: unknown } | { error: unknown }>;

/** Turns of the event loop in which nothing happens before everybody counts as standing still. */
const STILL_TURNS = 4;
const STUCK_MS = 20_000;

/** One play: actors run until all of them stand at gates, wait for each other's locks, or are done; then one gate is opened. */
export class Stage {
  /** What happened, in order. */
  readonly order: string[] = [];
  readonly #shape: StageShape;
  readonly #standing: Standing[] = [];
  readonly #dead = new Set<string>();
  /** Backends of statements that are under way; 0 while a connection is opened. */
  readonly #underWay = new Map<symbol, number>();
  #moves = 0;
  #cuts: number;

  constructor(shape: StageShape) {
    this.#shape = shape;
    this.#cuts = shape.cuts ?? 0;
  }

  isDead(actor: string): boolean {
    return this.#dead.has(actor);
  }

  /** Monotonic ms; to the dead all time is over, so that nothing they began goes on trying. */
  clockOf(actor: string): () => number {
    return () => (this.isDead(actor) ? Infinity : performance.now());
  }

  /** Stops here until the gate is opened. */
  async pass(actor: string, where: string, cuttable = false): Promise<Fate> {
    if (this.isDead(actor)) throw new Died(actor);
    this.#moves++;
    const fate = await new Promise<Fate>((open) => this.#standing.push({ actor, where, cuttable, open }));
    this.#moves++;
    if (this.isDead(actor)) throw new Died(actor);
    return fate;
  }

  /** The points at which this actor stops with this statement, and the name of the gate. */
  gateOf(actor: string, text: string): { name: string; points: readonly Point[] } | undefined {
    const found = Object.entries(this.#shape.gates[actor] ?? {}).find(([piece]) => text.includes(piece));
    return found === undefined ? undefined : { name: found[0], points: found[1] };
  }

  /** Counts a statement as under way until it is answered. */
  async during<T>(pid: number, work: Promise<T>): Promise<T> {
    const me = Symbol();
    this.#underWay.set(me, pid);
    this.#moves++;
    try {
      return await work;
    } finally {
      this.#underWay.delete(me);
      this.#moves++;
    }
  }

  /** Plays to the end: what each actor came to. */
  async play(actors: Readonly<Record<string, () => Promise<unknown>>>, choose: Choose): Promise<Results> {
    const results: Results = {};
    let left = 0;
    const act = async (name: string, work: () => Promise<unknown>) => {
      try {
        results[name] = { value: await work() };
      } catch (error) {
        results[name] = { error };
      }
      left--;
      this.#moves++;
    };
    for (const [name, work] of Object.entries(actors)) {
      left++;
      void act(name, work);
    }
    const until = performance.now() + STUCK_MS;
    while (left > 0) {
      if (performance.now() > until) throw new Error(`the play is stuck after: ${this.order.join(', ')}`);
      if (!(await this.#isStill()) || this.#standing.length === 0) {
        if (left > 0) await sleep(1);
        continue;
      }
      this.#openOne(choose);
    }
    return results;
  }

  #openOne(choose: Choose): void {
    const mortals = this.#dead.size === 0 ? (this.#shape.mortals ?? []) : [];
    const options = this.#standing
      .toSorted((a, b) => (a.actor + a.where < b.actor + b.where ? -1 : 1))
      .flatMap((at) => (['go', ...(at.cuttable && this.#cuts > 0 ? ['cut'] : []), ...(mortals.includes(at.actor) ? ['die'] : [])] as Fate[]).map((fate) => ({ at, fate })));
    const { at, fate } = options[choose(options.length)] as (typeof options)[number];
    this.order.push(`${at.actor} ${at.where}${fate === 'go' ? '' : ` (${fate})`}`);
    if (fate === 'cut') this.#cuts--;
    const opened = fate === 'die' ? this.#standing.filter((s) => s.actor === at.actor) : [at];
    if (fate === 'die') this.#dead.add(at.actor);
    for (const standing of opened) {
      this.#standing.splice(this.#standing.indexOf(standing), 1);
      standing.open(fate);
    }
  }

  /** Whether nothing moves: no statement is under way that isn't waiting for a lock, and nobody does anything for some turns. */
  async #isStill(): Promise<boolean> {
    const before = this.#moves;
    for (let i = 0; i < STILL_TURNS; i++) await turn();
    const pids = [...this.#underWay.values()];
    if (pids.includes(0)) return false;
    if (pids.length > 0) {
      const { rows } = await this.#shape.watch.query<{ blocked: boolean }>('select bool_and(cardinality(pg_blocking_pids(pid)) > 0) as blocked from unnest($1::int[]) pid', [pids]);
      if (rows[0]?.blocked !== true) return false;
      await turn();
    }
    return this.#moves === before;
  }
}
