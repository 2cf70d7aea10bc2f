import { EVENTS_IN } from '../../../shared/batches/batch-events.ts';
import { ExactNumber } from '../../../shared/records/exact-number.ts';
import type { ItemRules } from '../../../shared/records/item-rules.ts';
import { compileItemCheck, type Checked } from '../../../shared/records/validate-item.ts';

/** An event that was said to a large batch, checked. `id`: what comes again under it has no second effect. */
export type Command = { id: string; batchId: string } & (
  | { type: 'BatchInitialized' }
  | { type: 'ResourcesAllocated'; parallelism: number }
  | { type: 'ItemProcessingCompleted'; index: number; attempt: number; result: unknown; error: { category: string; message: string } | null }
);

/** Why an event is not carried out; stable code, and a sentence for its sender. */
export interface Refusal {
  code: string;
  reason: string;
}

/** A message as it lies on the topic. */
export interface CommandMessage {
  topic: string;
  partition: number;
  offset: string;
  value: Buffer | null;
  /** Header `ce_id`. */
  eventId: string | undefined;
}

/** A longer message is no event: the largest that says something is a result of an item. */
export const LONGEST_COMMAND = 262_144;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** It becomes a key in PostgreSQL, and stands in logs. */
const EVENT_ID = /^[!-~]{1,200}$/;
const CATEGORIES = ['EXECUTION_ERROR', 'RESOURCE_ERROR', 'ITEM_ERROR', 'SYSTEM_ERROR', 'TIMEOUT_ERROR'];

const COMMON: ItemRules = { type: { type: 'enum', values: EVENTS_IN }, id: { type: 'text', min: 1, max: 200, optional: true }, batchId: { type: 'text', min: 36, max: 36 } };
const RULES: Record<(typeof EVENTS_IN)[number], ItemRules> = {
  BatchInitialized: COMMON,
  ResourcesAllocated: { ...COMMON, parallelism: { type: 'whole', min: 1, max: 1_000_000 } },
  ItemProcessingCompleted: { ...COMMON, index: { type: 'whole', min: 0, max: 2_147_483_647 }, attempt: { type: 'whole', min: 1, max: 1_000 } },
};
const CHECKS = new Map<string, (item: unknown) => Checked>(EVENTS_IN.map((type) => [type, compileItemCheck(RULES[type], [])]));
const ofError = compileItemCheck({ category: { type: 'enum', values: CATEGORIES }, message: { type: 'text', min: 1, max: 1_000 } }, []);

/** Reads and checks a message; the same rules as docs/events. Never throws, whatever it is. */
export function readCommand(message: CommandMessage): { command: Command } | Refusal {
  const { value } = message;
  if (value === null) return refused('not-an-object', 'The message is empty.');
  if (value.length > LONGEST_COMMAND) return refused('too-large', `The message has ${value.length} bytes; ${LONGEST_COMMAND} are the most.`);
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value), exactly);
  } catch {
    return refused('invalid-json', 'The message is not JSON in UTF-8.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refused('not-an-object', 'The message must be a JSON object.');
  const { result, error, ...rest } = body as Record<string, unknown>;
  const check = CHECKS.get(String(rest.type));
  if (check === undefined) return refused('unknown-type', `"type" must be one of ${EVENTS_IN.join(', ')}.`);
  if (rest.type !== 'ItemProcessingCompleted' && (result !== undefined || error !== undefined)) return refused('unknown-field', `"${result !== undefined ? 'result' : 'error'}" is no member of this event.`);
  const empty = Object.keys(rest).find((name) => rest[name] === null);
  if (empty !== undefined) return refused('null', `"${empty.slice(0, 64).toWellFormed()}" is null; leave it out.`);
  const checked = check(rest);
  if ('faults' in checked) return refused(checked.faults[0]?.code ?? 'invalid', checked.faults.map((f) => f.message).join(' '));
  const { item } = checked;
  if (!UUID.test(item.batchId as string)) return refused('format', '"batchId" must be the id of a batch, in lower case.');
  const own = (item.id as string | null | undefined) ?? message.eventId;
  if (own !== undefined && !EVENT_ID.test(own)) return refused('format', '"id", or the header ce_id, must have 1 to 200 visible ASCII characters.');
  if (error !== undefined) {
    if (result !== undefined) return refused('result-and-error', '"result" and "error" exclude each other.');
    const checkedError = ofError(error);
    if ('faults' in checkedError) return refused(checkedError.faults[0]?.code ?? 'invalid', `"error": ${checkedError.faults.map((f) => f.message).join(' ')}`);
  }
  // A batch's events are its own: the same name in two batches means two events.
  // An answer without a name is known by what it answers: there is one for each attempt.
  const place = item.type === 'ItemProcessingCompleted' ? `item ${item.index as number}/${item.attempt as number}` : `${message.topic}/${message.partition}/${message.offset}`;
  const id = `${item.batchId as string} ${own ?? place}`;
  const known = { id, batchId: item.batchId as string };
  switch (item.type as (typeof EVENTS_IN)[number]) {
    case 'BatchInitialized':
      return { command: { ...known, type: 'BatchInitialized' } };
    case 'ResourcesAllocated':
      return { command: { ...known, type: 'ResourcesAllocated', parallelism: item.parallelism as number } };
    case 'ItemProcessingCompleted':
      return { command: { ...known, type: 'ItemProcessingCompleted', index: item.index as number, attempt: item.attempt as number, result: result ?? null, error: (error as { category: string; message: string } | undefined) ?? null } };
  }
}

/** A number of so many characters at most is the same as a double, and back. */
const LONGEST_PLAIN = 15;

/** Reviver: the digits of a result never pass through a float. */
function exactly(_: string, value: unknown, context?: { source?: string }): unknown {
  // TypeScript's library lacks the reviver's third argument ("JSON.parse source text access").
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || source === String(value)) return value;
  return source.length <= LONGEST_PLAIN && !/e/i.test(source) ? value : new ExactNumber(source);
}

function refused(code: string, reason: string): Refusal {
  return { code, reason };
}
