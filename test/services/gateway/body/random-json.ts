/** A seeded source of random numbers in [0, 1): mulberry32, public domain, by Tommy Ettinger. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from 0 to `below` - 1. */
export function upTo(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

export function oneOf<T>(random: () => number, choices: readonly T[]): T {
  return choices[upTo(random, choices.length)] as T;
}

/** JSON text of everything that RFC 8259 allows: all forms of numbers, escapes, any Unicode, white space, duplicate keys. */
export function randomJson(random: () => number, depth = 4): string {
  const space = () => oneOf(random, ['', '', '', ' ', '\n', '\t', '\r\n']);
  const kind = upTo(random, depth > 0 ? 10 : 6);
  if (kind < 3) return randomNumber(random);
  if (kind < 5) return randomString(random);
  if (kind === 5) return oneOf(random, ['true', 'false', 'null']);
  const parts = Array.from({ length: upTo(random, 5) }, () => {
    const value = `${space()}${randomJson(random, depth - 1)}${space()}`;
    return kind < 8 ? value : `${space()}${randomKey(random)}${space()}:${value}`;
  });
  return kind < 8 ? `[${parts.join(',')}${space()}]` : `{${parts.join(',')}${space()}}`;
}

function randomKey(random: () => number): string {
  return random() < 0.2 ? randomString(random) : oneOf(random, ['"a"', '"b"', '"\\u0061"', '"quantity"', '"__proto__"', '"constructor"', '"7"', '""', '"a:b"', '"{"']);
}

function randomString(random: () => number): string {
  const part = () => oneOf(random, ['a', 'Z', ' ', 'é', '€', '😀', '\u2028', '{', '}', '[', ']', ':', ',', '1234567890123456789', '\\"', '\\\\', '\\/', '\\n', '\\u0000', '\\uD800', '\\ud83d\\ude00', '\\u005c']);
  return `"${Array.from({ length: upTo(random, 8) }, part).join('')}"`;
}

function randomNumber(random: () => number): string {
  const digits = (most: number) => Array.from({ length: 1 + upTo(random, most) }, () => upTo(random, 10)).join('');
  const whole = oneOf(random, ['0', `${1 + upTo(random, 9)}`, `${1 + upTo(random, 9)}${digits(20)}`]);
  const fraction = random() < 0.4 ? `.${oneOf(random, ['', '0', '0000000000'])}${digits(12)}` : '';
  const exponent = random() < 0.2 ? `${oneOf(random, ['e', 'E'])}${oneOf(random, ['', '+', '-'])}${oneOf(random, ['0', '2', '20', '300', '400'])}` : '';
  return `${random() < 0.3 ? '-' : ''}${whole}${fraction}${exponent}`;
}
