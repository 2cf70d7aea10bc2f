import { LETTER_STATES, REPLAY_STATES } from '../../../shared/contracts/dead-letters.ts';
import { MOST_LIMIT } from '../dead-letters/handlers.ts';
import { FILTER_TEXTS, FILTER_TIMES, LONGEST_REASON, LONGEST_TEXT, MOST_IDS } from '../dead-letters/parse-body.ts';
import type { LetterOperation } from '../dead-letters/routes.ts';
import type { Described } from './operations.ts';
import { INSTANT, listed, LISTED_TEXT, ref, type Schema } from './schemas.ts';

const json = (description: string, schema: Schema, ...headers: string[]): Schema => ({ description, headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])), content: { 'application/json': { schema } } });
const problem = (description: string): Schema => ({ description, content: { 'application/problem+json': { schema: ref('Problem') } } });
const unavailable: Schema = { ...problem('The database does not answer, or there is too much load. Safe to send again after Retry-After.'), headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } };
const badQuery = problem('A parameter is not known or not valid (`invalid-query`), or the id is not one (`invalid-id`).');
const reading = { '400': badQuery, '503': unavailable };
const writing = {
  '408': problem('The body came too slowly (`body-timeout`).'), '413': problem('The body is too large (`body-too-large`).'), '415': problem('The body is of another content type or encoding.'), '503': unavailable,
};

const count: Schema = { type: 'integer', minimum: 0 };
const id: Schema = { type: 'integer', format: 'int64', minimum: 1 };
const uuid: Schema = { type: 'string', format: 'uuid' };
const time: Schema = { type: 'string', format: 'date-time' };
const text: Schema = { type: 'string' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', required: Object.keys(properties), properties });

const query = (name: string, schema: Schema, description?: string): Schema => ({ name, in: 'query', ...(description === undefined ? {} : { description }), schema });
const several = (name: string, items: Schema): Schema => ({ name, in: 'query', description: 'One value, or several with commas between.', style: 'form', explode: false, schema: listed(items) });
const period = [query('since', INSTANT, 'From then on, inclusive.'), query('until', INSTANT, 'Up to then, inclusive.')];
const limit = query('limit', { type: 'integer', minimum: 1, maximum: MOST_LIMIT, default: 50 });
const paging = [query('order', { enum: ['newest', 'oldest'], default: 'newest' }, 'Which come first.'), query('cursor', { ...id, maximum: Number.MAX_SAFE_INTEGER }, '`next` of the page before.'), limit];
const filters = [
  several('sink', LISTED_TEXT), several('kind', LISTED_TEXT), several('state', { enum: [...LETTER_STATES] }), several('code', LISTED_TEXT), several('fingerprint', LISTED_TEXT),
  query('batchId', uuid), several('recordId', { ...id, maximum: Number.MAX_SAFE_INTEGER }), ...period,
];
const letterId = { name: 'id', in: 'path', required: true, schema: { ...id, maximum: Number.MAX_SAFE_INTEGER } };
const replayId = { name: 'id', in: 'path', required: true, schema: uuid };
const operator = { name: 'Sluice-Operator', in: 'header', description: 'Who asks: for the audit.', schema: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[!-~]([ -~]*[!-~])?$' } };
const body = (schema: Schema, required = true) => ({ required, content: { 'application/json': { schema } } });
const page = (items: Schema, next: Schema): Schema => object({ content: list(items), next: { ...orNull(next), description: 'The cursor of the next page; null at the end.' } });

const selection: Record<string, Schema> = {
  ids: { type: 'array', minItems: 1, maxItems: MOST_IDS, items: { ...id, maximum: Number.MAX_SAFE_INTEGER } },
  filter: {
    description: 'All that are dead and match. since and until bound the last failure.',
    type: 'object', minProperties: 1, additionalProperties: false,
    properties: { ...Object.fromEntries(FILTER_TEXTS.map((name) => [name, { type: 'string', minLength: 1, maxLength: LONGEST_TEXT }])), ...Object.fromEntries(FILTER_TIMES.map((name) => [name, INSTANT])) },
  },
};
const either = [{ required: ['ids'] }, { required: ['filter'] }];
const refused = '(`letter-closed`: delivered, discarded or superseded already; `replaying`: on its way again)';

/** What the document says of an operation on dead letters or of the audit. */
export function describeLetters(operation: LetterOperation): Described {
  const tag = operation === 'list-audit' ? 'operations' : 'dead-letters';
  switch (operation) {
    case 'list-dead-letters':
      return { tag, parameters: [...filters, ...paging], responses: { '200': json('One page.', page(ref('DeadLetter'), id), 'Sluice-Ignored'), ...reading } };
    case 'group-dead-letters':
      return { tag, description: 'Of the same sink and cause together. Without `state`: those that are dead or being replayed.', parameters: filters, responses: { '200': json('The largest groups first.', object({ content: list(ref('DeadLetterGroup')), more: { type: 'boolean', description: 'There are more groups than are listed.' } }), 'Sluice-Ignored'), ...reading } };
    case 'get-dead-letter':
      return { tag, parameters: [letterId], responses: { '200': json('All that is known of it.', ref('DeadLetterWhole'), 'Sluice-Ignored'), '404': problem('No such dead letter (`not-found`).'), ...reading } };
    case 'start-replay':
      return {
        tag, description: 'Those that are dead now go again through the relay, in the order of their ids. A refused one is a dead letter as before, with its count. With dryRun nothing is done; it is refused as the replay would be.',
        parameters: [operator],
        requestBody: body({ type: 'object', additionalProperties: false, properties: { ...selection, rate: { type: 'integer', minimum: 1, description: 'Dead letters a second; REPLAY_RATE where it is not given, at most REPLAY_MAX_RATE.' }, dryRun: { type: 'boolean', default: false } }, oneOf: either }),
        responses: {
          '200': json('What it would do (dryRun).', ref('ReplayPlan')), '202': json('The replay has begun.', ref('Replay'), 'Location'),
          '400': problem('The body was refused (`invalid-body`), matches nothing that is dead (`nothing-matches`), or dead letters of several sinks (`several-sinks`).'), '404': problem('No such dead letter (`not-found`): see errors.'),
          '409': problem(`One of them is not dead any more ${refused}, or a running replay has some of them, or could have (\`replay-running\`, with its replayId).`), ...writing,
        },
      };
    case 'list-replays':
      return { tag, parameters: [several('sink', LISTED_TEXT), several('state', { enum: [...REPLAY_STATES] }), query('cursor', uuid, '`next` of the page before.'), limit], responses: { '200': json('One page, newest first.', page(ref('ReplayHead'), uuid), 'Sluice-Ignored'), ...reading } };
    case 'get-replay':
      return { tag, parameters: [replayId], responses: { '200': json('How far it is.', ref('Replay'), 'Sluice-Ignored'), '404': problem('No such replay (`not-found`).'), ...reading } };
    case 'stop-replay':
      return { tag, parameters: [replayId, operator], requestBody: body({ type: 'object', maxProperties: 0 }, false), responses: { '200': json('It releases no more.', ref('Replay')), '400': problem('The id is not one (`invalid-id`), or something was sent (`invalid-body`).'), '404': problem('No such replay (`not-found`).'), '409': problem('It has ended already (`replay-ended`).'), ...writing } };
    case 'discard-dead-letters':
      return {
        tag, description: 'They are never sent again; what waited behind them goes on. One call closes at most 10,000: ask again while `remaining` is not 0.',
        parameters: [operator],
        requestBody: body({ type: 'object', required: ['reason'], additionalProperties: false, properties: { ...selection, reason: { type: 'string', minLength: 1, maxLength: LONGEST_REASON }, dryRun: { type: 'boolean', default: false } }, oneOf: either }),
        responses: {
          '200': json('What was closed, or would be (dryRun).', { anyOf: [ref('Discarded'), ref('DiscardPlan')] }),
          '400': problem('The body was refused (`invalid-body`), or matches nothing that is dead (`nothing-matches`).'), '404': problem('No such dead letter (`not-found`): see errors.'), '409': problem(`One of them is not dead any more ${refused}.`), ...writing,
        },
      };
    case 'list-audit':
      return { tag, parameters: [several('who', LISTED_TEXT), several('operation', LISTED_TEXT), ...period, ...paging], responses: { '200': json('One page.', page(ref('AuditLine'), id), 'Sluice-Ignored'), ...reading } };
  }
}

const summary: Record<string, Schema> = {
  id, state: { enum: [...LETTER_STATES] }, sink: text, kind: text, recordId: id, version: { type: 'integer', minimum: 1 }, batchId: uuid, topic: orNull(text), partition: orNull(count),
  code: text, class: text, reason: text, fingerprint: text, attempts: count, replays: count, replayId: orNull(uuid), firstFailedAt: time, lastFailedAt: time,
  closedAt: orNull(time), closedBy: orNull(text), closedReason: orNull(text),
};
const replay: Record<string, Schema> = { id: uuid, sink: text, filter: { type: 'object' }, rate: { type: 'integer', minimum: 1 }, state: { enum: [...REPLAY_STATES] }, total: count, released: count, requestedBy: text, requestedAt: time, endedAt: orNull(time) };

/** Schemas of dead letters, replays and the audit. */
export const LETTER_SCHEMAS: Record<string, Schema> = {
  DeadLetter: object(summary),
  DeadLetterWhole: object({
    ...summary, payload: { ...text, description: 'The message as it was sent last.' }, headers: orNull({ type: 'object', additionalProperties: text }), tries: list(object({ at: time, code: text })), mirroredAt: orNull(time),
    provenance: object({ batchId: uuid, op: text, firstIndex: count, index: orNull(count), shard: count, node: orNull(text), writtenAt: orNull(time), client: orNull(text), clientReference: orNull(text) }),
    waitingBehind: { ...list(object({ version: count, batchId: uuid, writtenAt: time })), description: 'Later messages of the same record that wait for this one, in order.' }, moreWaiting: { type: 'boolean' },
  }),
  DeadLetterGroup: object({ sink: text, fingerprint: text, code: text, class: text, reason: text, kinds: list(text), count, dead: count, replaying: count, firstFailedAt: time, lastFailedAt: time, example: object({ id, recordId: id, batchId: uuid }) }),
  ReplayHead: object(replay),
  Replay: object({ ...replay, delivered: count, superseded: count, deadAgain: count, onTheWay: count }),
  ReplayPlan: object({
    dryRun: { const: true }, sink: text, rate: count, total: count, wouldSend: count, wouldSupersede: { ...count, description: 'Their record is gone: nothing is there to send.' }, seconds: count,
    destinations: list(object({ topic: orNull(text), partition: orNull(count), messages: count })),
    first: { ...list(object({ id, kind: text, recordId: id, version: count, outcome: { enum: ['send', 'supersede'] }, sendsVersion: orNull(count), topic: orNull(text), partition: orNull(count), waitingBehind: count })), description: 'The first hundred, in the order in which they would be released.' },
  }),
  Discarded: object({ discarded: count, remaining: count }),
  DiscardPlan: object({ dryRun: { const: true }, sinks: { type: 'object', additionalProperties: count }, total: count }),
  AuditLine: object({ id, at: time, who: text, operation: text, target: { type: 'object' }, outcome: text, detail: orNull({ type: 'object' }), requestId: orNull(text) }),
};
