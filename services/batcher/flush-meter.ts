import type { FlushClass, FlushesMeasured } from '../../shared/contracts/flush-limit.ts';

/** What this edge sees of its flushes, for the limiter: gathered over a period, told, and begun anew. */
export class FlushMeter {
  readonly #edge: string;
  #times = new Map<number, number[]>();
  #inFlight = 0;
  #wanting = false;

  constructor(edge: string) {
    this.#edge = edge;
  }

  /** A flush of so many rows ended. `ms`: its time in the writer, waiting for a connection included. */
  flushed(rows: number, ms: number): void {
    const size = Math.round(Math.log2(Math.max(1, rows)));
    const times = this.#times.get(size);
    if (times === undefined) this.#times.set(size, [ms]);
    else times.push(ms);
  }

  /** So many are in flight now; `wanting`: another would be, if there were a slot. */
  look(inFlight: number, wanting: boolean): void {
    this.#inFlight = Math.max(this.#inFlight, inFlight);
    this.#wanting ||= wanting;
  }

  /** What was seen since the last call; undefined where nothing was. `inFlight`: now. */
  take(inFlight: number): FlushesMeasured | undefined {
    const classes = [...this.#times].map(([size, times]): FlushClass => ({ size, flushes: times.length, ms: median(times) }));
    const told = classes.length === 0 && this.#inFlight === 0 ? undefined : { edge: this.#edge, classes, inFlight: this.#inFlight, wanting: this.#wanting };
    this.#times = new Map();
    this.#inFlight = inFlight;
    this.#wanting = false;
    return told;
  }
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[values.length >> 1] ?? 0;
}
