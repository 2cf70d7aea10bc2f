import type { FlushClass, FlushesMeasured } from '../../shared/contracts/flush-limit.ts';

/** What this writer sees of its flushes, for the limiter: gathered over a period, told, and begun anew. */
export class FlushMeter {
  readonly #writer: string;
  #times = new Map<number, number[]>();
  #inFlight = 0;

  constructor(writer: string) {
    this.#writer = writer;
  }

  /** A flush of so many rows ended. `ms`: its time, waiting for a connection included. */
  flushed(rows: number, ms: number): void {
    const size = Math.round(Math.log2(Math.max(1, rows)));
    const times = this.#times.get(size);
    if (times === undefined) this.#times.set(size, [ms]);
    else times.push(ms);
  }

  /** So many run now. */
  look(inFlight: number): void {
    this.#inFlight = Math.max(this.#inFlight, inFlight);
  }

  /** What was seen since the last call; undefined where nothing was. `inFlight`: now. */
  take(inFlight: number): FlushesMeasured | undefined {
    const classes = [...this.#times].map(([size, times]): FlushClass => ({ size, flushes: times.length, ms: median(times) }));
    const told = classes.length === 0 && this.#inFlight === 0 ? undefined : { writer: this.#writer, classes, inFlight: this.#inFlight };
    this.#times = new Map();
    this.#inFlight = inFlight;
    return told;
  }
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[values.length >> 1] ?? 0;
}
