import { createRequire } from 'node:module';
import type FastestValidator from 'fastest-validator';
import type { ValidationError } from 'fastest-validator';
import { canonicalDecimal, signOf } from './decimal.ts';
import { ExactNumber } from './exact-number.ts';
import { instantOf } from './instant.ts';
import type { DecimalRule, InstantRule, ItemRule, ItemRules, TextRule, WholeRule } from './item-rules.ts';
import type { Fault, RecordRow } from './record-kind.ts';
import { BrokenLine, DUPLICATE_KEY, TOO_DEEP } from './sentinels.ts';
import { storableText } from './storable-text.ts';

/** An item that passed, with canonical values; or why it did not, every fault. */
export type Checked = { item: RecordRow } | { faults: Fault[] };

// The package's types describe its ESM default, but at run time it is CommonJS.
const Validator = createRequire(import.meta.url)('fastest-validator') as typeof FastestValidator.default;
const LONGEST_NAME = 64;
/** Faults told of one item: what travels and is kept of an item must not grow with what a client makes up. */
const MOST_FAULTS = 20;

/**
 * Compiles the rules into a check of one item. The check changes the item it passes: decimals become canonical text,
 * defaults are filled in, members that are ignored, or null and unknown, are emptied.
 * It never throws, whatever the item is.
 */
export function compileItemCheck(rules: ItemRules, ignored: readonly string[]): (item: unknown) => Checked {
  const validator = new Validator({ haltOnFirstError: false });
  validator.add('decimal', asRule(decimalRule));
  validator.add('text', asRule(textRule));
  validator.add('whole', asRule(wholeRule));
  validator.add('instant', asRule(instantRule));
  const check = validator.compile(rules) as (item: RecordRow) => true | ValidationError[];
  const known = new Set(Object.keys(rules));
  const skipped = new Set(ignored);

  return (item) => {
    const whole = faultOfWhole(item);
    if (whole !== undefined) return { faults: [whole] };
    const row = item as RecordRow;
    const faults: Fault[] = [];
    // Items come from JSON.parse: they inherit nothing that for-in would list.
    for (const name in row) {
      const value = row[name];
      // Null is as good as absent; what Sluice sets itself is never taken from the client.
      if ((value === null && !known.has(name)) || skipped.has(name)) row[name] = undefined;
      else if (value === DUPLICATE_KEY) faults.push({ pointer: pointerTo(name), code: 'duplicate-key', message: `"${short(name)}" stands more than once in this item.` });
      else if (!known.has(name)) faults.push({ pointer: pointerTo(name), code: 'unknown-field', message: `"${short(name)}" is not a member of this record; known are ${Object.keys(rules).join(', ')}.` });
    }
    if (faults.length > 0) for (const fault of faults) delete row[unpointer(fault.pointer)];
    const result = check(row);
    if (result !== true) {
      const named = new Set(faults.map((f) => f.pointer));
      for (const error of result) {
        const fault = faultOf(error, rules[error.field]);
        if (!named.has(fault.pointer)) faults.push(fault);
      }
    }
    return faults.length > 0 ? { faults: most(faults) } : { item: row };
  };
}

function most(faults: Fault[]): Fault[] {
  if (faults.length <= MOST_FAULTS) return faults;
  return [...faults.slice(0, MOST_FAULTS), { pointer: '', code: 'more-faults', message: `And ${faults.length - MOST_FAULTS} more faults.` }];
}

function faultOfWhole(item: unknown): Fault | undefined {
  if (item instanceof BrokenLine) return { pointer: '', code: item.code, message: `${item.line > 0 ? `Line ${item.line}` : item.code === 'invalid-csv' ? 'Its row' : 'It'} is not valid ${item.code === 'invalid-csv' ? 'CSV' : 'JSON'}: ${item.message}` };
  if (item === TOO_DEEP) return { pointer: '', code: 'too-deep', message: 'The item is nested deeper than any record can be.' };
  if (item === null || typeof item !== 'object' || Array.isArray(item) || item instanceof ExactNumber)
    return { pointer: '', code: 'not-an-object', message: `An item must be an object, not ${kindOf(item)}.` };
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value instanceof ExactNumber || typeof value === 'number' ? 'a number' : `a ${typeof value}`;
}

/** A member's name as one token of a JSON pointer (RFC 6901). */
export function pointerTo(name: string): string {
  return `/${short(name).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}
function unpointer(pointer: string): string {
  return pointer.slice(1).replace(/~1/g, '/').replace(/~0/g, '~');
}
/** Names come from the client, and may be of any length and of any characters. */
function short(name: string): string {
  return name.length > LONGEST_NAME ? `${storableText(name, LONGEST_NAME)}…` : storableText(name);
}

/** Says that a value has a fault; one for each code, so that judging a good value allocates nothing. */
class Refusal {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}
const REFUSE = {
  type: new Refusal('type'), format: new Refusal('format'), range: new Refusal('range'), scale: new Refusal('scale'),
  length: new Refusal('length'), characters: new Refusal('characters'),
};

/** A rule's work: the value to keep, or a refusal. */
type Judge<R> = (value: unknown, rule: R) => unknown;

const decimalRule: Judge<DecimalRule> = (value, rule) => {
  const result = canonicalDecimal(value, rule.precision, rule.scale);
  if ('fault' in result) return REFUSE[result.fault];
  if (rule.sign !== undefined) {
    const sign = signOf(result.text);
    if (sign < 0 || (sign === 0 && rule.sign === 'positive')) return REFUSE.range;
  }
  return result.text;
};

const textRule: Judge<TextRule> = (value, rule) => {
  if (typeof value !== 'string') return REFUSE.type;
  if (value.length > rule.max * 2) return REFUSE.length;
  if (!value.isWellFormed() || value.includes('\u0000')) return REFUSE.characters;
  const length = value.length >= rule.min && value.length <= rule.max ? value.length : [...value].length;
  return length < rule.min || length > rule.max ? REFUSE.length : value;
};

const wholeRule: Judge<WholeRule> = (value, rule) => {
  if (value instanceof ExactNumber) return REFUSE.range;
  if (typeof value !== 'number' || !Number.isInteger(value)) return REFUSE.type;
  return value < rule.min || value > rule.max ? REFUSE.range : value;
};

const LONGEST_INSTANT = 40;

const instantRule: Judge<InstantRule> = (value) => {
  if (typeof value !== 'string') return REFUSE.type;
  return (value.length <= LONGEST_INSTANT && value.includes('T') ? instantOf(value) : undefined) ?? REFUSE.format;
};

/** Turns a judge into a rule of fastest-validator, whose compiled code calls it through the context. */
function asRule<R extends ItemRule>(judge: Judge<R>) {
  return function (this: unknown, { schema, index }: { schema: unknown; index: number }, _path: string, context: { customs: Record<string | number, unknown> }) {
    context.customs.Refusal = Refusal;
    context.customs[index] = { judge: (value: unknown) => judge(value, schema as R) };
    return {
      sanitized: true,
      source: `
        const result = context.customs[${index}].judge(value);
        if (result instanceof context.customs.Refusal) { errors.push({ type: result.code, field, actual: undefined }); return value; }
        return result;`,
    };
  } as unknown as Parameters<FastestValidator.default['add']>[1];
}

function faultOf(error: ValidationError, rule: ItemRule | undefined): Fault {
  const name = error.field;
  const code = error.type === 'enumValue' ? 'enum' : error.type;
  return { pointer: pointerTo(name), code, message: `"${name}" ${says(code, rule)}` };
}

function says(code: string, rule: ItemRule | undefined): string {
  if (code === 'required') return 'is missing or null, but required.';
  switch (rule?.type) {
    case 'enum':
      return `must be one of ${rule.values.join(', ')}.`;
    case 'text':
      if (code === 'type') return 'must be a string.';
      if (code === 'characters') return 'holds a NUL character or half of a surrogate pair, which cannot be stored.';
      return rule.min === rule.max ? `must have exactly ${rule.max} characters.` : `must have ${rule.min} to ${rule.max} characters.`;
    case 'whole':
      return code === 'type' ? 'must be a whole number.' : `must be a whole number from ${rule.min} to ${rule.max}.`;
    case 'decimal':
      if (code === 'type') return 'must be a number, or a string that holds one.';
      if (code === 'format') return 'is not the text of a decimal number (digits, one point, perhaps an exponent).';
      if (code === 'scale') return `has more than ${rule.scale} digits behind the point.`;
      return `must be ${rule.sign === 'positive' ? 'greater than 0' : rule.sign === 'natural' ? 'at least 0' : 'a number'} and have at most ${rule.precision - rule.scale} digits before the point.`;
    case 'instant':
      return 'must be a time with its offset, such as 2026-11-22T10:00:00Z.';
    case undefined:
      return `is not valid (${code}).`;
  }
}
