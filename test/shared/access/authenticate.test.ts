import type { Socket } from 'node:net';
import { newKey, type ApiKey, type Role } from '../../../shared/access/api-keys.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { authenticate, authorize, isLoopback } from '../../../shared/access/authenticate.ts';
import { KeyRing } from '../../../shared/access/key-ring.ts';

const from = (remoteAddress: string) => ({ socket: { remoteAddress } as Socket });
const problem = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return ProblemError.from(error);
  }
  return undefined;
};

function ringOf(...changes: Partial<ApiKey>[]) {
  const made = changes.map((change) => {
    const { text, id, hash } = newKey();
    return { text, key: { id, hash, client: 'c', roles: ['submit'] as Role[], kinds: null, ratePerSecond: null, maxInFlight: null, expiresAt: null, revokedAt: null, ...change } };
  });
  const ring = new KeyRing();
  ring.replace(made.map(({ key }) => key), new Date());
  return { ring, texts: made.map(({ text }) => text) };
}

test('until the keys were read nobody gets in', () => {
  expect(problem(() => authenticate(new KeyRing(), {}))).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
});

test('where there is no key everybody may do everything', () => {
  const { ring } = ringOf();
  const { caller } = authenticate(ring, { authorization: 'Basic whatever' });
  expect([...caller.roles].sort()).toEqual(['operate', 'read', 'submit']);
});

test('a key is taken from either header, and two different ones are refused', () => {
  const { ring, texts: [one = '', other = ''] } = ringOf({ client: 'one' }, { client: 'other' });
  expect(authenticate(ring, { authorization: `Bearer ${one}` }).caller).toMatchObject({ client: 'one', known: true });
  expect(authenticate(ring, { 'x-api-key': other }).caller.client).toBe('other');
  expect(authenticate(ring, { 'x-api-key': one, authorization: `bearer ${one}` }).caller.client).toBe('one');
  expect(problem(() => authenticate(ring, { 'x-api-key': other, authorization: `Bearer ${one}` }))).toMatchObject({ status: 401 });
});

test('a wrong, a revoked and an expired key are refused with the reason, never with the key', () => {
  const { ring, texts: [good = '', revoked = '', expired = ''] } = ringOf({}, { revokedAt: new Date(0) }, { expiresAt: new Date(0) });
  const wrong = good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A');
  for (const [key, reason] of [[wrong, 'not known'], [revoked, 'revoked'], [expired, 'expired'], ['hello', 'no key']] as const) {
    const refused = problem(() => authenticate(ring, { 'x-api-key': key }));
    expect(refused).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="sluice"' }, message: expect.stringContaining(reason) as string });
    expect(refused?.message).not.toContain(key);
  }
  expect(problem(() => authenticate(ring, { authorization: 'Basic abc' }))).toMatchObject({ status: 401 });
});

test('a key that is revoked keeps the door shut for those without one', () => {
  const { ring } = ringOf({ revokedAt: new Date(0) });
  expect(authenticate(ring, {}).caller.roles.size).toBe(0);
});

test('a clock that differs from the database\'s makes no key longer-lived', () => {
  const { ring, texts: [text = ''] } = ringOf({ expiresAt: new Date('2030-01-01T00:00:00Z') });
  const key = ring.find(text);
  if (!('key' in key)) throw new Error('expected a key');
  ring.replace([key.key], new Date('2030-01-01T00:00:01Z'));
  expect(ring.find(text)).toEqual({ fault: 'expired' });
});

test('without the role 403, without a key 401, and what is open or local asks for neither where it need not', () => {
  const { ring, texts: [text = ''] } = ringOf({});
  const submit = authenticate(ring, { 'x-api-key': text }).caller;
  const nobody = authenticate(ring, {}).caller;
  expect(problem(() => authorize(['operate'], submit, from('127.0.0.1')))).toMatchObject({ status: 403, code: 'forbidden' });
  expect(problem(() => authorize(['operate'], nobody, from('127.0.0.1')))).toMatchObject({ status: 401 });
  expect(problem(() => authorize(['submit', 'operate'], submit, from('192.0.2.1')))).toBeUndefined();
  expect(problem(() => authorize('open', nobody, from('192.0.2.1')))).toBeUndefined();
  expect(problem(() => authorize('local', nobody, from('::ffff:127.0.0.1')))).toBeUndefined();
  expect(problem(() => authorize('local', nobody, from('192.0.2.1')))).toMatchObject({ status: 401 });
  expect(problem(() => authorize('local', submit, from('192.0.2.1')))).toMatchObject({ status: 403 });
});

test.each([['127.0.0.1', true], ['127.8.9.1', true], ['::1', true], ['::ffff:127.0.0.1', true], ['10.0.0.1', false], ['::ffff:10.0.0.1', false], ['1271.0.0.1', false], [undefined, false]])('%s is loopback: %s', (address, is) => {
  expect(isLoopback(address)).toBe(is);
});
