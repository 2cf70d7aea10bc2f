/** Members of a list's entries: whose name, and the name, with its longest length. */
export interface NameMembers {
  id: string;
  name: string;
  longest: number;
}

/** Names by id, and how many entries of the list were no such thing. */
export interface NamesRead {
  names: Map<string, string>;
  skipped: number;
}

/** As orders know them. */
const ID_LENGTH = 24;

/**
 * Reads a service's list. An entry that cannot be kept (no id of 24 characters, no text, too long, no text for PostgreSQL) is left out;
 * of an id that stands twice the last entry counts.
 * @returns undefined where it is no list in JSON
 */
export function readNames(text: string, { id, name, longest }: NameMembers): NamesRead | undefined {
  const list = parsed(text);
  if (!Array.isArray(list)) return undefined;
  const names = new Map<string, string>();
  let skipped = 0;
  for (const entry of list as (Record<string, unknown> | null)[]) {
    const [key, value] = [entry?.[id], entry?.[name]];
    if (isKept(key, ID_LENGTH) && key.length === ID_LENGTH && isKept(value, longest)) names.set(key, value);
    else skipped++;
  }
  return { names, skipped };
}

function isKept(text: unknown, longest: number): text is string {
  return typeof text === 'string' && text !== '' && text.length <= longest && text.isWellFormed() && !text.includes('\u0000');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says so
  }
}
