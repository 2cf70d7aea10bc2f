import type { Bench } from './bench.ts';

/** One line of the table. Every ratio is made so that more is better. */
export interface Figure {
  /** What was measured, e.g. `1,000 items a batch`; unique within its scenario. */
  what: string;
  figure: number;
  unit: string;
  /** The same unit, measured in the same run, in turns with the figure. */
  reference?: number;
  /** Median of the rounds' ratios: a round's two halves see the same noise. */
  ratio?: number;
  /** The ratio is judged by its goal alone and not kept to compare later runs with: it stands against no like thing measured in turns with it. */
  absolute?: true;
  /** The ratio is at least this. */
  goal?: number;
  /** Milliseconds; of all calls of all rounds. */
  p50?: number;
  p99?: number;
  /** CPU microseconds a record by class of process: shows where the time goes when the cores are the limit. */
  cpu?: Record<string, number>;
  /** The same of the reference. */
  referenceCpu?: Record<string, number>;
  note?: string;
}

/** One file a scenario in bench/scenarios. */
export interface Scenario {
  name: string;
  /** What its figures compare, in one or two sentences. */
  compares: string;
  run(bench: Bench): Promise<Figure[]>;
}

/** A scenario's figures, as they are printed and kept. */
export interface ScenarioResult {
  name: string;
  compares: string;
  seconds: number;
  figures: (Figure & { met?: boolean })[];
}
