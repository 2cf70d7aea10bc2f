const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 };

/** A pattern that takes what an argument of the type duration takes, and nothing else: its bounds cannot be said otherwise of a text. @param least in ms @param most in ms */
export function durationPattern(least: number, most: number): string {
  const units = Object.entries(UNITS).flatMap(([unit, ms]) => {
    const counts = wholesBetween(Math.max(1, Math.ceil(least / ms)), Math.floor(most / ms));
    return counts.length === 0 ? [] : [`(${counts.join('|')})${unit}`];
  });
  return `^(${units.join('|')})$`;
}

/** Patterns that together take the whole numbers from `least` (at least 1) to `most`, without leading zeros. */
function wholesBetween(least: number, most: number): string[] {
  const patterns: string[] = [];
  for (let from = least; from <= most;) {
    // The largest block of ten, a hundred ... that begins here, and how many of them follow each other in its digit.
    let size = 1;
    while (from % (size * 10) === 0 && from + size * 10 - 1 <= most) size *= 10;
    const digit = Math.floor(from / size) % 10;
    const more = Math.min(9 - digit, Math.floor((most + 1 - from) / size) - 1);
    const head = Math.floor(from / size / 10);
    patterns.push(`${head === 0 ? '' : head}${more === 0 ? digit : `[${digit}-${digit + more}]`}${'[0-9]'.repeat(String(size).length - 1)}`);
    from += size * (more + 1);
  }
  return patterns;
}
