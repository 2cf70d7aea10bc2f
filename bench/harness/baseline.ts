import type { Machine } from './machine.ts';
import type { ScenarioResult } from './scenario.ts';

/** Ratios to compare later runs with; kept in bench/baseline.json. */
export interface Baseline {
  machine: Machine;
  /** By scenario, then by what was measured. */
  ratios: Record<string, Record<string, number>>;
}

/** A ratio that fell by more than this share of the kept one is a failure. */
const MOST_FALL = 0.2;

/** The ratios of these results; scenarios that did not run keep what `before` has of them. */
export function baselineOf(results: readonly ScenarioResult[], machine: Machine, before?: Baseline): Baseline {
  const ran = results.map((r): [string, Record<string, number>] => [r.name, Object.fromEntries(r.figures.flatMap((f) => (f.ratio === undefined || f.absolute === true ? [] : [[f.what, round(f.ratio)]])))]);
  return { machine, ratios: { ...before?.ratios, ...Object.fromEntries(ran) } };
}

/** A line for each ratio that fell too far below the kept one, or is missing now. */
export function falls(results: readonly ScenarioResult[], baseline: Baseline): string[] {
  return results.flatMap((result) =>
    Object.entries(baseline.ratios[result.name] ?? {}).flatMap(([what, kept]) => {
      const now = result.figures.find((f) => f.what === what)?.ratio;
      if (now === undefined) return [`${result.name}, ${what}: kept at ${kept}, not measured now`];
      return now < kept * (1 - MOST_FALL) ? [`${result.name}, ${what}: ${now.toFixed(2)}, kept at ${kept}`] : [];
    }),
  );
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
