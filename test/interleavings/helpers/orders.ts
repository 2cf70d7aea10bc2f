/** Decides: a number below `options`. */
export type Choose = (options: number) => number;

/**
 * Plays one order after the other until every sequence of decisions was played, depth first.
 * @param most so many are thought to be enough
 * @returns how many were played
 * @throws what a play throws, with the decisions that led there; an error when there are more than `most`
 */
export async function everyOrder(most: number, play: (choose: Choose) => Promise<void>): Promise<number> {
  let prefix: number[] = [];
  for (let played = 1; ; played++) {
    const made: { chosen: number; options: number }[] = [];
    await named(`decisions ${JSON.stringify(prefix)}`, () => play((options) => {
      // What a play offers can differ a little from time to time: PostgreSQL wakes waiters as it likes.
      const chosen = Math.min(prefix[made.length] ?? 0, options - 1);
      made.push({ chosen, options });
      return chosen;
    }));
    const last = made.findLastIndex(({ chosen, options }) => chosen + 1 < options);
    if (last === -1) return played;
    if (played === most) throw new Error(`there are more orders than ${most}: draw some by seeds instead`);
    prefix = [...made.slice(0, last).map(({ chosen }) => chosen), (made[last]?.chosen ?? 0) + 1];
  }
}

/** Plays `count` orders, each drawn from a seed of its own that an error names. */
export async function seededOrders(count: number, firstSeed: number, play: (choose: Choose, seed: number) => Promise<void>): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const random = seeded(seed);
    await named(`seed ${seed}`, () => play((options) => Math.floor(random() * options), seed));
  }
}

async function named(order: string, play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n(order: ${order})`, { cause: error });
  }
}

/** A small seeded generator (T. Ettinger, public domain). */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
