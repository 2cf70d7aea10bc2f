/**
 * A text that PostgreSQL can keep, also inside jsonb: without NUL, and without halves of surrogate pairs, which a cut leaves as well; both
 * become U+FFFD. What a client is told of its item may quote the item, and is kept.
 * @param longest in UTF-16 units; what is longer is cut
 */
export function storableText(text: string, longest = Infinity): string {
  const cut = text.length > longest ? text.slice(0, longest) : text;
  return cut.toWellFormed().replaceAll('\u0000', '\uFFFD');
}
