import type { Fault } from './faults/fault.ts';
import { between, randomOf, shuffled } from './random.ts';

/** One stretch of the run: calm, then these faults together, then recovery. */
export interface Round {
  no: number;
  faults: readonly Fault[];
  /** Times in ms: of calm before, between the first injection and the second, and that all of them last together. */
  calmMs: number;
  apartMs: number;
  lastsMs: number;
}

const LASTS_MS = [3_000, 8_000] as const;
const CALM_MS = [1_500, 3_000] as const;
const APART_MS = [0, 2_000] as const;

/**
 * The rounds of a run, without end: every fault alone, then every pair that can go together, each in an order of the seed's; then
 * the same again in another. With `pairs` false there are no pairs. The same faults and seed give the same rounds.
 */
export function* rounds(faults: readonly Fault[], seed: number, pairs: boolean): Generator<Round, never> {
  if (faults.length === 0) throw new Error('there is no fault to schedule');
  const together = pairs ? pairsOf(faults) : [];
  let no = 0;
  for (let lap = 0; ; lap++) {
    const random = randomOf(seed, 'schedule', lap);
    for (const set of [...shuffled(random, faults.map((fault) => [fault])), ...shuffled(random, together)]) {
      const timing = randomOf(seed, 'round', ++no);
      const [least, most] = set.map((fault) => fault.lastsMs ?? LASTS_MS).reduce(([a, b], [c, d]) => [Math.max(a, c), Math.max(b, d)]);
      yield { no, faults: set, calmMs: between(timing, ...CALM_MS), apartMs: between(timing, ...APART_MS), lastsMs: between(timing, least, most) };
    }
  }
}

/** Every two faults that touch nothing in common. Who makes Kafka forget does it alone: what others did could not be told apart. */
export function pairsOf(faults: readonly Fault[]): Fault[][] {
  return faults.flatMap((a, i) => faults.slice(i + 1).filter((b) => a.forgetsTopic !== true && b.forgetsTopic !== true && !a.touches.some((part) => b.touches.includes(part))).map((b) => [a, b]));
}
