import { parsePrefer } from '../../../../services/gateway/write/prefer.ts';

const NONE = { minimal: false, async: false, waitMs: undefined };

test.each<[string | string[] | undefined, Partial<ReturnType<typeof parsePrefer>>]>([
  [undefined, {}],
  ['', {}],
  ['return=minimal', { minimal: true }],
  ['return=representation', {}],
  ['minimal', {}],
  ['respond-async', { async: true }],
  ['wait=10', { waitMs: 10_000 }],
  ['wait=0', { waitMs: 0 }],
  ['Return=Minimal', { minimal: true }],
  ['return="minimal"', { minimal: true }],
  ['wait="5"', { waitMs: 5_000 }],
  [' return = minimal ,  wait = 3 ', { minimal: true, waitMs: 3_000 }],
  ['respond-async; foo=bar', { async: true }],
  ['respond-async, wait=10, return=minimal', { minimal: true, async: true, waitMs: 10_000 }],
  [['respond-async', 'wait=10'], { async: true, waitMs: 10_000 }],
])('Prefer: %p', (header, asks) => {
  expect(parsePrefer(header)).toEqual({ ...NONE, ...asks });
});

test.each(['wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=1e3', 'wait=soon', 'wait=1234567', 'handling=strict', '=', ',;=,', '__proto__=minimal'])('what is not known or not whole seconds is left out: %p', (header) => {
  expect(parsePrefer(header)).toEqual(NONE);
});

test('what is left out takes nothing else with it', () => {
  expect(parsePrefer('handling=strict, wait=x, return=minimal')).toEqual({ ...NONE, minimal: true });
});
