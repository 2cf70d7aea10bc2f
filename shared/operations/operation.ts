import type { Access } from '../access/access.ts';

/** One argument of an operation. */
export interface Argument {
  name: string;
  type: 'text' | 'whole' | 'switch' | 'duration';
  /** Where REST has it. A terminal takes what is required in the order of this list, and the rest as options. */
  place: 'path' | 'query' | 'body';
  meaning: string;
  required?: true;
  min?: number;
  max?: number;
  choices?: readonly string[];
  /** What the option of a terminal means where it stands alone, without a value. */
  alone?: string;
}

/**
 * Something that a person who runs Sluice can ask or do, written once: REST, its OpenAPI document, `bin/sluice` and the REPL are made of it.
 * What it does stands in services/gateway/operate, under the same name.
 */
export interface Operation {
  /** Part and verb, such as `settings.set`; the words of the command, and the operation in the audit. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  access: Access;
  summary: string;
  /** What else to know, in a sentence or two. */
  details?: string;
  arguments: readonly Argument[];
  /** Changes something: takes `dryRun`, which tells what would change and changes nothing, and writes a line of the audit. */
  changes?: true;
  /** What the command of the part alone does: `sluice pools` is `sluice pools show`. */
  main?: true;
}

export type ArgumentValue = string | number | boolean;
/** Arguments as they were read: what was not given is not there. A duration is in ms. */
export type ArgumentValues = Readonly<Record<string, ArgumentValue | undefined>>;

/** The argument that every operation with an effect takes. */
export const DRY_RUN: Argument = { name: 'dryRun', type: 'switch', place: 'body', meaning: 'Only tell what would change.' };

/** All arguments of an operation. */
export function argumentsOf(operation: Operation): readonly Argument[] {
  return operation.changes === true ? [...operation.arguments, DRY_RUN] : operation.arguments;
}

/**
 * Reads one value as text, as query and command line give it, or as JSON has it.
 * @returns the value, or what it must be
 */
export function readArgument(argument: Argument, given: unknown): { value: ArgumentValue } | { fault: string } {
  const { type, min, max, choices } = argument;
  switch (type) {
    case 'text': {
      const text = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given;
      if (typeof text !== 'string' || text === '' || text.length > (max ?? LONGEST_TEXT) || text.includes('\u0000') || !text.isWellFormed()) return { fault: `must be text of 1 to ${max ?? LONGEST_TEXT} characters` };
      return choices === undefined || choices.includes(text) ? { value: text } : { fault: `must be one of ${choices.join(', ')}` };
    }
    case 'whole': {
      const value = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given;
      const [least, most] = [min ?? 0, max ?? Number.MAX_SAFE_INTEGER];
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most ? { value } : { fault: `must be a whole number from ${least} to ${most}` };
    }
    case 'switch': {
      const value = given === 'true' ? true : given === 'false' ? false : given;
      return typeof value === 'boolean' ? { value } : { fault: 'must be true or false' };
    }
    case 'duration': {
      const [, count, unit] = typeof given === 'string' ? (/^([1-9]\d{0,8})(s|m|h)$/.exec(given) ?? []) : [];
      const ms = Number(count) * ({ s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ''] ?? NaN);
      return ms >= (min ?? SHORTEST_MS) && ms <= (max ?? LONGEST_MS) ? { value: ms } : { fault: `must be a time such as 90s, 5m or 2h, from ${(min ?? SHORTEST_MS) / 1_000}s to ${(max ?? LONGEST_MS) / 1_000}s` };
    }
  }
}

const LONGEST_TEXT = 500;
/** Bounds of a duration that says none, in ms. */
export const SHORTEST_MS = 1_000;
export const LONGEST_MS = 86_400_000;
