import { cpuBetween, type CpuMeter } from './cpu.ts';

/** What one turn of one side did. */
export interface Turn {
  records: number;
  seconds: number;
  /** Milliseconds of each call, where calls were timed. */
  latencies?: number[];
  errors?: string[];
}

/** All turns of one side. */
export interface SideResult {
  /** Records a second: the median of the turns. */
  rate: number;
  rates: number[];
  latencies: number[];
  errors: string[];
  /** CPU microseconds a record by class of process, over all turns. */
  cpu: Record<string, number>;
  /** CPU cores in use by class of process, over all turns. */
  cores: Record<string, number>;
}

/**
 * Runs the sides in turns, there and back (A B B A ...), first once each to warm up, unmeasured: a machine that others use too changes from
 * second to second, only neighbours can be compared, and none is to come after the same one every time.
 */
export async function interleave<Name extends string>(meter: CpuMeter, rounds: number, sides: Record<Name, () => Promise<Turn>>): Promise<Record<Name, SideResult>> {
  const names = Object.keys(sides) as Name[];
  const turns = Object.fromEntries(names.map((name) => [name, [] as (Turn & { cpu: Record<string, number> })[]])) as Record<Name, (Turn & { cpu: Record<string, number> })[]>;
  for (const name of names) await sides[name]();
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const before = meter.read();
      const turn = await sides[name]();
      turns[name].push({ ...turn, cpu: cpuBetween(before, meter.read()) });
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(turns[name])])) as Record<Name, SideResult>;
}

function summary(turns: readonly (Turn & { cpu: Record<string, number> })[]): SideResult {
  const rates = turns.map((t) => t.records / t.seconds);
  const micros: Record<string, number> = {};
  for (const turn of turns) for (const [name, used] of Object.entries(turn.cpu)) micros[name] = (micros[name] ?? 0) + used;
  const per = (total: number) => Object.fromEntries(Object.entries(micros).map(([name, used]) => [name, used / total]));
  return {
    rate: median(rates),
    rates,
    latencies: turns.flatMap((t) => t.latencies ?? []),
    errors: turns.flatMap((t) => t.errors ?? []),
    cpu: per(turns.reduce((sum, t) => sum + t.records, 0)),
    cores: per(turns.reduce((sum, t) => sum + t.seconds, 0) * 1e6),
  };
}

/** Median of the rounds' ratios. */
export function medianRatio(side: Pick<SideResult, 'rates'>, reference: Pick<SideResult, 'rates'>): number {
  return median(side.rates.map((rate, round) => rate / (reference.rates[round] ?? NaN)));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that this share of all values does not exceed (nearest rank); NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
