/** A date, or a date and time with its offset. */
const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A date (its first instant in UTC), or a time with its offset, as ISO 8601 in UTC; undefined for anything else, such as 30 February. */
export function instantOf(text: string): string | undefined {
  const date = INSTANT.exec(text)?.[1];
  if (date === undefined) return undefined;
  const day = new Date(`${date}T00:00:00Z`);
  const at = new Date(text);
  // Date moves days that a month doesn't have into the next one.
  return Number.isNaN(day.getTime()) || Number.isNaN(at.getTime()) || day.toISOString().slice(0, 10) !== date || at.getTime() < 0 ? undefined : at.toISOString();
}
