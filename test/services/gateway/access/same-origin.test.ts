import { isForeign, isMisled, isOwnPage, isSecure } from '../../../../services/gateway/access/same-origin.ts';

const asked = (headers: Record<string, string>) => ({ headers: { host: 'sluice.example:8080', ...headers }, method: 'POST', socket: {} as never });

test.each([
  ['no browser', {}, false, false],
  ['our page', { 'sec-fetch-site': 'same-origin' }, false, true],
  ['an address typed by hand', { 'sec-fetch-site': 'none' }, false, false],
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, true, false],
  ['a sister of our site', { 'sec-fetch-site': 'same-site' }, true, false],
  ['our page in an older browser', { origin: 'http://sluice.example:8080' }, false, true],
  ['another page in an older browser', { origin: 'http://sluice.example' }, true, false],
  ['a page without an origin of its own', { origin: 'null' }, true, false],
])('sent by %s', (_, headers, foreign, own) => {
  expect([isForeign(asked(headers)), isOwnPage(asked(headers))]).toEqual([foreign, own]);
});

test('a browser that was led to this machine under another name is found out', () => {
  const under = (host: string) => isMisled({ headers: { host, 'sec-fetch-site': 'same-origin' } });
  expect(['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'sluice.localhost'].map(under)).toEqual([false, false, false, false]);
  expect(['evil.example:8080', '127.0.0.1.evil.example', 'localhost.evil.example'].map(under)).toEqual([true, true, true]);
  expect(isMisled({ headers: { host: 'evil.example' } })).toBe(false);
});

test('a page under TLS has a Secure cookie, also behind what ends TLS', () => {
  expect([asked({ origin: 'https://sluice.example' }), asked({ origin: 'http://sluice.example' }), asked({})].map(isSecure)).toEqual([true, false, false]);
});
