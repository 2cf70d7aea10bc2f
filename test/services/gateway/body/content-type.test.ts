import { bodyFormat, hasBody } from '../../../../services/gateway/body/content-type.ts';
import type { BodyFormat } from '../../../../services/gateway/body/content-type.ts';

const format = (type: string | undefined, accepted: BodyFormat[] = ['json', 'ndjson']) => bodyFormat({ 'content-length': '2', ...(type !== undefined && { 'content-type': type }) }, accepted);
const unsupported = expect.objectContaining({ status: 415, code: 'unsupported-content-type' }) as Error;

test.each([
  [undefined, 'json'],
  ['application/json', 'json'],
  ['Application/JSON; charset=UTF-8', 'json'],
  ['application/json;charset="utf8"', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson; charset=utf-8', 'ndjson'],
])('%s is read as %s', (type, expected) => {
  expect(format(type)).toBe(expected);
});

test.each(['text/plain', 'application/xml', 'application/json; charset=iso-8859-1', 'application/x-ndjson; charset=utf-16', 'nonsense', '', 'constructor/json', '__proto__', 'application/x-www-form-urlencoded'])('%j is refused', (type) => {
  expect(() => format(type)).toThrow(unsupported);
});

test('the refusal names what this call accepts', () => {
  expect(() => format('application/x-ndjson', ['json'])).toThrow(unsupported);
  expect(() => format('text/plain')).toThrow(expect.objectContaining({ message: 'This Content-Type is not accepted; send application/json or application/x-ndjson, in UTF-8.', headers: { Accept: 'application/json, application/x-ndjson' } }) as Error);
});

test('without a body the Content-Type means nothing', () => {
  expect(bodyFormat({ 'content-type': 'text/plain' }, ['json'])).toBe('json');
  expect(bodyFormat({ 'content-type': 'text/plain', 'content-length': '0' }, ['json'])).toBe('json');
  expect(hasBody({})).toBe(false);
  expect(hasBody({ 'transfer-encoding': 'chunked' })).toBe(true);
});
