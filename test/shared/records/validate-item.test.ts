import execution from '../../../shared/records/execution.kind.ts';
import { ExactNumber } from '../../../shared/records/exact-number.ts';
import { BrokenLine, DUPLICATE_KEY, TOO_DEEP } from '../../../shared/records/sentinels.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import { execution as item } from '../../helpers/executions.ts';
import { randomJson, seeded } from '../../services/gateway/body/random-json.ts';

const check = compileItemCheck(execution.item, execution.ignored);

/** The faults of an item; fails if it passed. */
function faultsOf(value: unknown) {
  const checked = check(value);
  if (!('faults' in checked)) throw new Error('the item passed');
  return checked.faults;
}
const codesOf = (value: unknown) => faultsOf(value).map((f) => `${f.pointer} ${f.code}`);

test('a good item passes with canonical decimals and its defaults', () => {
  const { executionStatus: _, ...rest } = item({ quantity: '1E+2', limitPrice: new ExactNumber('9999999999.99999999') });
  expect(check(rest)).toEqual({ item: { executionStatus: 'NEW', tradeType: 'BUY', destination: 'ML', securityId: 'ABCDEFGHIJKLMNOPQRSTUVWX', quantity: '100.00000000', limitPrice: '9999999999.99999999' } });
});

test.each<[string, unknown, string]>([
  ['tradeType', 'HOLD', 'enum'],
  ['tradeType', 7, 'enum'],
  ['tradeType', undefined, 'required'],
  ['tradeType', null, 'required'],
  ['destination', '', 'length'],
  ['destination', 'x'.repeat(21), 'length'],
  ['destination', '😀'.repeat(21), 'length'],
  ['destination', 'x'.repeat(1_000_000), 'length'],
  ['destination', 7, 'type'],
  ['destination', ['ML'], 'type'],
  ['destination', 'M\u0000L', 'characters'],
  ['destination', 'M\ud800L', 'characters'],
  ['securityId', 'SHORT', 'length'],
  ['quantity', 0, 'range'],
  ['quantity', '-1', 'range'],
  ['quantity', 1e10, 'range'],
  ['quantity', '0.000000001', 'scale'],
  ['quantity', 'ten', 'format'],
  ['quantity', true, 'type'],
  ['quantity', {}, 'type'],
  ['tradeServiceExecutionId', -1, 'range'],
  ['tradeServiceExecutionId', 2_147_483_648, 'range'],
  ['tradeServiceExecutionId', new ExactNumber('12345678901234567890'), 'range'],
  ['tradeServiceExecutionId', 1.5, 'type'],
  ['tradeServiceExecutionId', '7', 'type'],
  ['quantity', DUPLICATE_KEY, 'duplicate-key'],
])('F6 %s = %p is refused with its pointer and a code', (name, value, code) => {
  expect(codesOf(item({ [name]: value }))).toEqual([`/${name} ${code}`]);
});

test('length counts characters, not code units', () => {
  expect(check(item({ destination: '😀'.repeat(20) }))).toHaveProperty('item.destination', '😀'.repeat(20));
});

test('every fault of an item is named, once each', () => {
  expect(codesOf({ tradeType: 'HOLD', destination: '', quantity: DUPLICATE_KEY, limitPrice: -1, colour: 'red' }).sort()).toEqual(['/colour unknown-field', '/destination length', '/limitPrice range', '/quantity duplicate-key', '/securityId required', '/tradeType enum']);
});

test('messages list what is known, and the bounds', () => {
  const messages = faultsOf(item({ tradeType: 'HOLD', destination: '', securityId: 'SHORT', quantity: 0, tradeServiceExecutionId: -1, colour: 'red' })).map((f) => f.message);
  expect(messages.sort()).toEqual([
    '"colour" is not a member of this record; known are executionStatus, tradeType, destination, securityId, quantity, limitPrice, tradeServiceExecutionId.',
    '"destination" must have 1 to 20 characters.',
    '"quantity" must be greater than 0 and have at most 10 digits before the point.',
    '"securityId" must have exactly 24 characters.',
    '"tradeServiceExecutionId" must be a whole number from 0 to 2147483647.',
    '"tradeType" must be one of BUY, SELL, SHORT, COVER, EXRC.',
  ]);
});

test('F55 a message never repeats the value', () => {
  const secret = 'SECRET-7731';
  for (const name of Object.keys(execution.item)) expect(JSON.stringify(faultsOf(item({ [name]: `${secret}${'x'.repeat(30)}` })))).not.toContain(secret);
});

test('null is as good as absent, for members that are optional and for those that are unknown', () => {
  const checked = check(item({ executionStatus: null, limitPrice: null, colour: null }));
  expect(checked).toHaveProperty('item.executionStatus', 'NEW');
  expect(checked).toMatchObject({ item: { limitPrice: null } });
  expect(Object.entries((checked as { item: object }).item).filter(([, value]) => value !== undefined).map(([name]) => name)).not.toContain('colour');
});

test('ignored members are left out whatever they hold', () => {
  for (const version of [1, 'x', null, {}, DUPLICATE_KEY]) expect(check(item({ version }))).toMatchObject({ item: { version: undefined } });
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like any other: unknown, and nothing is inherited through it', (name) => {
  const text = (value: string) => JSON.parse(`${JSON.stringify(item()).slice(0, -1)},"${name}":${value}}`) as unknown;
  expect(codesOf(text('{"quantity":1}'))).toEqual([`/${name} unknown-field`]);
  expect(check(text('null'))).toHaveProperty('item.tradeType', 'BUY');
  expect(codesOf(JSON.parse(`{"${name}":{"tradeType":"BUY"}}`))).toContain('/tradeType required');
});

test.each<[unknown, string, string]>([
  [null, 'not-an-object', 'not null'],
  [[], 'not-an-object', 'not an array'],
  [7, 'not-an-object', 'not a number'],
  [new ExactNumber('1e400'), 'not-an-object', 'not a number'],
  ['text', 'not-an-object', 'not a string'],
  [true, 'not-an-object', 'not a boolean'],
  [TOO_DEEP, 'too-deep', 'nested deeper'],
  [new BrokenLine(3, 'a comma is missing'), 'invalid-json', 'Line 3 is not valid JSON: a comma is missing'],
])('what is no object is one fault of the whole item: %p', (value, code, message) => {
  expect(faultsOf(value)).toEqual([{ pointer: '', code, message: expect.stringContaining(message) as string }]);
});

test('a pointer is escaped, and a long name is cut', () => {
  expect(codesOf(item({ 'a/b~c~1': 1 }))).toEqual(['/a~1b~0c~01 unknown-field']);
  expect(faultsOf(item({ ['x'.repeat(100_000)]: 1 }))[0]?.message.length).toBeLessThan(300);
});

test('what is told of an item does not grow with what a client makes up', () => {
  const faults = faultsOf(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`member${i}`, i])));
  expect(faults).toHaveLength(21);
  expect(faults.at(-1)).toMatchObject({ code: 'more-faults', message: 'And 4984 more faults.' });
});

test('an item leaves nothing behind for the next', () => {
  faultsOf({ colour: 'red' });
  expect(check(item())).toHaveProperty('item.quantity', '100.00000000');
  expect(codesOf(item({ quantity: 0 }))).toEqual(['/quantity range']);
});

test('5,000 random JSON values: never a throw, always a verdict with a code and a sentence', () => {
  const random = seeded(6);
  const judge = (value: unknown) => {
    for (const fault of 'faults' in check(value) ? faultsOf(value) : []) {
      expect(fault.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(fault.message).toMatch(/\.$/);
    }
  };
  for (let n = 0; n < 5_000; n++) {
    const value = JSON.parse(randomJson(random)) as unknown;
    judge(value);
    for (const name of Object.keys(execution.item)) judge(item({ [name]: value }));
  }
});
