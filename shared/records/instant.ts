/** A date, or a date and time with its offset. */
const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** An instant as clients mostly write it: what `toISOString` makes, with or without milliseconds. */
const PLAIN = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3})?Z$/;
/** Days that were found to be some: reading two dates for each order was a sixth of an edge's time. */
const days = new Set<string>();
const MOST_DAYS = 1_000;

/** A date (its first instant in UTC), or a time with its offset, as ISO 8601 in UTC; undefined for anything else, such as 30 February. */
export function instantOf(text: string): string | undefined {
  const plain = PLAIN.exec(text);
  if (plain !== null && days.has(plain[1] as string)) return plain[2] === undefined ? `${text.slice(0, -1)}.000Z` : text;
  const instant = readInstant(text);
  if (plain !== null && instant !== undefined) {
    if (days.size >= MOST_DAYS) days.clear();
    days.add(plain[1] as string);
  }
  return instant;
}

function readInstant(text: string): string | undefined {
  const date = INSTANT.exec(text)?.[1];
  if (date === undefined) return undefined;
  const day = new Date(`${date}T00:00:00Z`);
  const at = new Date(text);
  // Date moves days that a month doesn't have into the next one.
  return Number.isNaN(day.getTime()) || Number.isNaN(at.getTime()) || day.toISOString().slice(0, 10) !== date || at.getTime() < 0 ? undefined : at.toISOString();
}
