import { readNames } from '../../../../services/batcher/order-names/read-names.ts';

const MEMBERS = { id: 'securityId', name: 'ticker', longest: 5 };
const ID = 'SECURITY0123456789012345';
const read = (list: unknown) => readNames(JSON.stringify(list), MEMBERS);

test('names by id, the last entry of an id counts', () => {
  expect(read([{ securityId: ID, ticker: 'IBM', version: 1 }, { securityId: ID, ticker: 'AAPL' }])).toEqual({ names: new Map([[ID, 'AAPL']]), skipped: 0 });
  expect(read([])).toEqual({ names: new Map(), skipped: 0 });
});

test('F6 an entry that cannot be kept is left out and counted, the others are kept', () => {
  const bad = [null, 5, 'x', {}, { securityId: ID }, { securityId: ID, ticker: null }, { securityId: ID, ticker: '' }, { securityId: ID, ticker: 'TOOLONG' }, { securityId: 'short', ticker: 'IBM' }, { securityId: 5, ticker: 'IBM' }, { securityId: ID, ticker: 'A\u0000' }, { securityId: ID, ticker: '\ud800' }];
  expect(read([...bad, { securityId: ID, ticker: 'IBM' }])).toEqual({ names: new Map([[ID, 'IBM']]), skipped: bad.length });
});

test.each(['', 'null', '{}', '{"content":[]}', '[', '<html>'])('%s is no list', (text) => {
  expect(readNames(text, MEMBERS)).toBeUndefined();
});
