import type { Random } from './faults/fault.ts';

/**
 * Numbers from 0 up to but not including 1, the same ones for the same seed and names: each use has a stream of its own, so that
 * what one draws does not shift what another one gets. Mulberry32 (Tommy Ettinger), seeded by FNV-1a over the parts.
 */
export function randomOf(seed: number, ...names: (string | number)[]): Random {
  let state = 0x811c9dc5;
  for (const char of [seed, ...names].join('/')) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of these. The list must not be empty. */
export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** One of these, each as often as its weight says. The list must not be empty. */
export function oneByWeight<T extends { weight: number }>(random: Random, list: readonly T[]): T {
  let left = random() * list.reduce((sum, { weight }) => sum + weight, 0);
  for (const one of list) {
    left -= one.weight;
    if (left < 0) return one;
  }
  return list[list.length - 1] as T;
}

/** The same in another order. */
export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
