import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import { argumentsOf, readArgument, type Argument, type ArgumentValue, type ArgumentValues, type Operation } from '../../../shared/operations/operation.ts';
import { ExactNumber } from '../../../shared/records/exact-number.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import { readBody } from '../body/read-body.ts';
import type { Call } from '../http/call.ts';
import { unknownParameters, type UnknownQuery } from '../http/parameters.ts';

const MOST_BODY_BYTES = 16_384;

/**
 * The arguments of an operation, from path, query and body.
 * @returns them, and what of the query was left out
 * @throws ProblemError 400 `invalid-arguments` with one error for each fault
 */
export async function readArguments(operation: Operation, call: Call, unknown: UnknownQuery): Promise<{ values: ArgumentValues; ignored: string[] }> {
  const all = argumentsOf(operation);
  const faults: ItemFault[] = [];
  const values: Record<string, ArgumentValue> = {};
  const take = (argument: Argument, given: unknown, pointer: string) => {
    // Null stands for nothing given, but not where it would turn `dryRun: null` into the change itself.
    if (given === undefined || (given === null && argument.type !== 'switch')) {
      if (argument.required === true) faults.push({ pointer, code: 'required', message: `${argument.name} must be given. ${argument.meaning}` });
      return;
    }
    const read = readArgument(argument, given);
    if ('fault' in read) faults.push({ pointer, code: 'format', message: `${argument.name} ${read.fault}.` });
    else values[argument.name] = read.value;
  };
  const at = (place: Argument['place']) => all.filter((argument) => argument.place === place);
  for (const argument of at('path')) take(argument, call.params[argument.name], argument.name);
  const ignored = unknownParameters(call.url, at('query').map(({ name }) => name), unknown);
  for (const argument of at('query')) {
    const given = call.url.searchParams.getAll(argument.name);
    if (given.length > 1) faults.push({ pointer: `?${argument.name}`, code: 'repeated', message: `${argument.name} may be given once only.` });
    else take(argument, given[0], `?${argument.name}`);
  }
  if (operation.method !== 'GET') {
    const members = await bodyOf(call);
    for (const argument of at('body')) take(argument, members[argument.name], `/${argument.name}`);
    for (const name of Object.keys(members)) {
      if (members[name] !== null && !at('body').some((argument) => argument.name === name)) faults.push({ pointer: `/${name.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`, code: 'unknown-member', message: `is not known; known are ${at('body').map((argument) => argument.name).join(', ')}.` });
    }
  }
  if (faults.length > 0) throw new ProblemError({ status: 400, code: 'invalid-arguments', title: 'Invalid arguments', detail: faults.map(({ message }) => message).join(' '), errors: faults });
  return { values, ignored };
}

async function bodyOf(call: Call): Promise<Record<string, unknown>> {
  bodyFormat(call.req.headers, ['json']);
  const bytes = await readBody(call.req, { maxBytes: MOST_BODY_BYTES, deadlineAt: call.deadlineAt });
  const body: unknown = bytes.length === 0 ? {} : parseSingle(bytes);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return Object.fromEntries(Object.entries(body).map(([name, value]: [string, unknown]) => [name, value instanceof ExactNumber ? value.text : value]));
  throw new ProblemError({ status: 400, code: 'invalid-arguments', title: 'Invalid arguments', detail: 'The body must be an object.', errors: [{ pointer: '', code: 'type', message: 'The body must be an object.' }] });
}
