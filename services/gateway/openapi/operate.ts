import { argumentsOf, LONGEST_MS, SHORTEST_MS, type Argument } from '../../../shared/operations/operation.ts';
import { OPERATIONS, type OperationName } from '../../../shared/operations/operations.ts';
import { durationPattern } from './duration-pattern.ts';
import type { Described } from './operations.ts';
import { ref, type Schema } from './schemas.ts';

const problem = (description: string): Schema => ({ description, content: { 'application/problem+json': { schema: ref('Problem') } } });

/** What the document says of an operation: all of it from the operation's own description. */
export function describeOperation(name: OperationName): Described {
  const operation = OPERATIONS.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`there is no operation ${name}`);
  const all = argumentsOf(operation);
  const body = all.filter(({ place }) => place === 'body');
  return {
    tag: name.split('.')[0] ?? name,
    ...(operation.details === undefined ? {} : { description: operation.details }),
    parameters: all.filter(({ place }) => place !== 'body').map((argument) => ({ name: argument.name, in: argument.place, required: argument.place === 'path', description: argument.meaning, schema: schemaOf(argument) })),
    ...(body.length === 0 ? {} : { requestBody: { required: body.some(({ required }) => required), content: { 'application/json': { schema: {
      type: 'object', required: body.filter(({ required }) => required).map((argument) => argument.name), properties: Object.fromEntries(body.map((argument) => [argument.name, { ...orNull(argument), description: argument.meaning }])), additionalProperties: { type: 'null' },
    } } } } }),
    responses: {
      200: { description: operation.changes === true ? 'What was changed, or with dryRun what would be.' : 'What there is.', content: { 'application/json': { schema: { type: 'object' } } } },
      400: problem('An argument is missing or not valid (`invalid-arguments`, `invalid-query`): see errors.'),
      404: problem('What the arguments name is not there (`not-found`).'),
      ...(operation.changes === true ? { 408: problem('The body came too slowly (`body-timeout`).'), 409: problem('Not possible now: the code and detail say why.'), 413: problem('The body is too large.'), 415: problem('The body is of another content type or encoding.') } : {}),
      503: { ...problem('A part of Sluice does not answer. Safe to send again after Retry-After.'), headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } },
    },
  };
}

function orNull(argument: Argument): Schema {
  const schema = schemaOf(argument);
  // Null is as not given, but for a switch: `dryRun: null` is refused, and not taken for the change itself.
  return argument.required === true || argument.type === 'switch' ? schema : { anyOf: [schema, { type: 'null' }] };
}

function schemaOf({ type, min, max, choices }: Argument): Schema {
  switch (type) {
    case 'text':
      // A value may also come as the number or switch that it is.
      return choices === undefined ? { type: ['string', 'number', 'boolean'], minLength: 1, maxLength: max ?? 500, pattern: `^[^\\u0000]{1,${max ?? 500}}$` } : { enum: choices };
    case 'whole':
      return { type: 'integer', minimum: min ?? 0, maximum: max ?? Number.MAX_SAFE_INTEGER };
    case 'switch':
      return { type: 'boolean' };
    case 'duration':
      return { type: 'string', pattern: durationPattern(min ?? SHORTEST_MS, max ?? LONGEST_MS) };
  }
}
