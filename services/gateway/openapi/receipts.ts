import { ref, type Schema } from './schemas.ts';

const count: Schema = { type: 'integer', minimum: 0 };
const id: Schema = { type: 'integer', format: 'int64', minimum: 1 };
const uuid: Schema = { type: 'string', format: 'uuid' };
const time: Schema = { type: 'string', format: 'date-time' };
const text: Schema = { type: 'string' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({ type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties });

/** Schemas of receipts. */
export const RECEIPT_SCHEMAS: Record<string, Schema> = {
  Receipt: object({
    index: { ...count, description: 'Place of the item in the request.' }, status: { enum: ['SUCCESS', 'FAILED', 'PENDING'] }, id,
    errors: list(object({ pointer: text, code: text, message: text })), withdrawn: { const: true, description: 'Not written and never will be: safe to send again.' },
    batchId: uuid, kind: text, clientReference: orNull(text), acceptedAt: time,
    written: object({ op: { enum: ['insert', 'update', 'delete'] }, version: { ...count, minimum: 1 }, at: time, node: text, slice: { ...object({ firstIndex: count, span: { ...count, minimum: 1 } }), description: 'What it was written with, in one statement.' } }),
    delivery: list(ref('Delivery')),
    changes: { ...list(object({ version: { ...count, minimum: 2 }, batchId: uuid, clientReference: orNull(text), at: time, node: text, delivery: list(ref('Delivery')) })), description: 'Later versions of the record, in order.' },
    moreChanges: { const: true },
  }, ['id', 'errors', 'withdrawn', 'written', 'delivery', 'changes', 'moreChanges']),
  Delivery: object({
    sink: text, state: { enum: ['delivered', 'waiting', 'superseded', 'dead', 'discarded'] }, topic: orNull(text), partition: orNull(count), offset: orNull(count),
    at: { ...orNull(time), description: 'When the last message of its slice was acknowledged.' }, attempts: { ...count, description: 'Sends in which a message of its slice was refused.' },
    tries: { ...list(object({ at: time, code: text })), description: 'Refusals of this very message.' },
    waiting: object({
      reason: { enum: ['retry', 'replaying', 'behind', 'no-relay', 'sink-away', 'partition-rests', 'queued'] }, detail: text, code: text, nextAttemptAt: time, deadLetter: id,
    }, ['code', 'nextAttemptAt', 'deadLetter']),
    supersededBy: { ...orNull({ ...count, minimum: 1 }), description: 'The version that took its place; null where the record is gone.' },
    deadLetter: object({
      id, state: text, code: text, class: text, reason: text, attempts: count, firstFailedAt: time, lastFailedAt: time, replays: count, closedAt: orNull(time), closedBy: orNull(text), closedReason: orNull(text),
    }),
    replays: list(object({ replayId: uuid, releasedAt: time, state: { enum: ['waiting', 'delivered', 'superseded', 'dead'] }, offset: orNull(count), at: orNull(time) })),
  }, ['tries', 'waiting', 'supersededBy', 'deadLetter', 'replays']),
};
