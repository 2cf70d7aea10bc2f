/** What Sluice promises and a run tries, in the order of the table. */
export const PROMISES = {
  kept: 'No accepted item is lost: what was answered SUCCESS is in the table, with its content',
  once: 'No item is written twice',
  true: 'Each answer is true: what was refused or withdrawn is not in the table, and never comes',
  settled: 'Each 202 is settled',
  key: 'The same Idempotency-Key never makes two, and gives the same answer again',
  changed: 'A change is made once, under its version, or not at all, as was answered',
  deleted: 'A deleted order is gone, with its event on order-events',
  sentOnce: 'Each order reaches the trade service at most once',
  sent: 'Every order that was told SENT is at the trade service, with that trade order',
  ended: 'No submitted order is lost: each ends SENT, refused with its reason, or is flagged',
  answered: 'A node that is asked to stop answers what it took in',
  delivered: 'Each record is delivered to Kafka at least once, and nothing else is',
  ordered: 'The versions of a record arrive in order',
  law: 'The law holds: every item and message accounted for, in ledger, tables and topics',
  quiet: 'Pending and waiting return to 0',
  memory: 'No process grows without bound',
  recovered: 'Everything recovers by itself within the limit',
} as const;
export type PromiseName = keyof typeof PROMISES;

/** What became of a promise. */
export interface PromiseRow {
  name: PromiseName;
  says: string;
  tried: number;
  broken: number;
  /** The first cases, in words that name request, batch, record and fault. */
  cases: readonly string[];
}

const MOST_CASES = 5;

/** Counts how often each promise was tried, and keeps the first cases where it was broken. */
export class Scoreboard {
  readonly #rows = new Map<PromiseName, { tried: number; broken: number; cases: string[] }>();
  readonly #onBroken: (name: PromiseName, text: string) => void;

  /** @param onBroken told of each case that is kept */
  constructor(onBroken: (name: PromiseName, text: string) => void = () => undefined) {
    this.#onBroken = onBroken;
  }

  tried(name: PromiseName, times = 1): void {
    this.#row(name).tried += times;
  }

  broken(name: PromiseName, text: string): void {
    const row = this.#row(name);
    row.broken += 1;
    if (row.cases.length >= MOST_CASES) return;
    row.cases.push(text);
    this.#onBroken(name, text);
  }

  /** All promises, tried or not, in their order. */
  rows(): PromiseRow[] {
    return (Object.keys(PROMISES) as PromiseName[]).map((name) => ({ name, says: PROMISES[name], ...this.#row(name) }));
  }

  get allHeld(): boolean {
    return this.rows().every(({ broken }) => broken === 0);
  }

  #row(name: PromiseName): { tried: number; broken: number; cases: string[] } {
    const row = this.#rows.get(name) ?? { tried: 0, broken: 0, cases: [] };
    this.#rows.set(name, row);
    return row;
  }
}
