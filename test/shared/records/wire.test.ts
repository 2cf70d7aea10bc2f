import type { Column, WireType } from '../../../shared/records/columns.ts';
import execution from '../../../shared/records/execution.kind.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { compileWire, toIso } from '../../../shared/records/wire.ts';
import { seeded, upTo } from '../../services/gateway/body/random-json.ts';

const column = (property: string, wire: WireType, sqlType: string, defaultText: string | null = null): Column => ({ property, column: property, sqlType, wire, primary: property === 'id', defaultText });
const COLUMNS = [
  column('id', 'number', 'bigint'),
  column('name', 'text', 'varchar(20)', 'N"N'),
  column('price', 'decimal', 'numeric(18,8)', '0'),
  column('at', 'time', 'timestamptz(3)'),
  column('open', 'boolean', 'boolean'),
  column('version', 'number', 'int', '1'),
];
const kind = (...wire: string[]) => ({ ...execution, name: 'sample', wire });
const wire = compileWire(kind('id', 'name', 'price', 'at', 'sentTimestamp', 'open', 'version'), COLUMNS);
const rest = (row: RecordRow, sentAt: string | null) => wire.rest(row, sentAt);
const kafka = (row: RecordRow, sentAt: string | null) => wire.kafka(row, sentAt);
const full = { id: '7', name: 'ML', price: '9999999999.99999999', at: '2026-11-22 10:00:00.123+00', open: true, version: 3 };

/** The number of seconds, as written, that Kafka is told for a time. */
const seconds = (at: unknown) => /"at":([^,]*),/.exec(kafka({ ...full, at }, null))?.[1];

test('REST: members in the order of the kind, decimals with exactly the stored digits, times in ISO 8601', () => {
  expect(rest(full, '2026-11-22T10:00:01.000Z')).toBe('{"id":7,"name":"ML","price":9999999999.99999999,"at":"2026-11-22T10:00:00.123Z","sentTimestamp":"2026-11-22T10:00:01.000Z","open":true,"version":3}');
});

test('Kafka: the same record with times as seconds since 1970, always with three digits behind the point', () => {
  expect(kafka(full, '2026-11-22T10:00:01.000Z')).toBe('{"id":7,"name":"ML","price":9999999999.99999999,"at":1795341600.123,"sentTimestamp":1795341601.000,"open":true,"version":3}');
});

test.each([
  ['2026-11-22 10:00:00+00', '1795341600.000'],
  ['2026-11-22T10:00:00.007Z', '1795341600.007'],
  [new Date(1_795_341_600_050), '1795341600.050'],
  ['1970-01-01 00:00:00+00', '0.000'],
  ['1970-01-01 00:00:00.001+00', '0.001'],
  ['1969-12-31 23:59:59+00', '-1.000'],
])('%p is %s seconds in Kafka', (at, text) => {
  expect(seconds(at)).toBe(text);
});

// Known to fail: the fraction is counted forward from a second that is rounded down, so that -0.001 goes out as -1.999.
test.failing('a fraction of a second before 1970 is the number of seconds it is', () => {
  expect([seconds('1969-12-31 23:59:59.999+00'), seconds('1969-12-31 23:59:58.500+00')]).toEqual(['-0.001', '-1.500']);
});

test('a member that the row lacks has its default, in the digits of its column; null stays null', () => {
  const bare = '{"id":7,"name":"N\\"N","price":0.00000000,"at":null,"sentTimestamp":null,"open":null,"version":1}';
  expect([rest({ id: 7 }, null), kafka({ id: 7 }, null)]).toEqual([bare, bare]);
  const empty = '{"id":7,"name":null,"price":null,"at":null,"sentTimestamp":null,"open":null,"version":null}';
  expect(rest({ id: 7, name: null, price: null, at: null, open: null, version: null }, null)).toBe(empty);
});

test('1,000 random texts come back from JSON as they went in: quotes, control characters, halves of surrogate pairs', () => {
  const random = seeded(1_970);
  for (let n = 0; n < 1_000; n++) {
    const name = Array.from({ length: upTo(random, 8) }, () => String.fromCharCode(upTo(random, 4) === 0 ? 0xd800 + upTo(random, 0x800) : upTo(random, 0x80))).join('');
    const text = rest({ ...full, name }, null);
    expect((JSON.parse(text) as { name: string }).name).toBe(name);
    expect(text.isWellFormed()).toBe(true);
  }
});

test('the text of one time never serves for another', () => {
  const times = ['2026-11-22 10:00:00.123+00', '2026-11-22 10:00:00.124+00', '2026-11-22 10:00:00.123+00', null, '2026-11-22 10:00:00.123+00'];
  expect(times.map(seconds)).toEqual(['1795341600.123', '1795341600.124', '1795341600.123', 'null', '1795341600.123']);
});

test('a kind whose wire names what its entity lacks is refused at start', () => {
  expect(() => compileWire(kind('id', 'colour'), COLUMNS)).toThrow('kind sample: its wire names "colour"');
});

test('PostgreSQL, Date and ISO give the same ISO text', () => {
  expect(['2026-11-22 10:00:00.1+00', new Date('2026-11-22T10:00:00.100Z'), '2026-11-22T10:00:00.100Z'].map(toIso)).toEqual(Array(3).fill('2026-11-22T10:00:00.100Z'));
});

describe('what other tables hold is asked for while a row is written', () => {
  const joined = {
    colourName: { via: 'version', table: 'colour', key: 'id', column: 'name' },
    ticker: { via: 'name', table: 'ticker', key: 'id', column: 'ticker', changedAt: 'asked_at' },
  };
  const grouped = {
    ...execution, name: 'sample', joined,
    wire: ['id', { name: 'colour', members: { id: 'version', name: 'colourName' }, nullWith: 'version' }, { name: 'paper', members: { name: 'name', ticker: 'ticker' } }, 'price', 'sentTimestamp', 'colourName'],
  };
  const compiled = compileWire(grouped, COLUMNS);
  const TABLES: Record<string, Record<string, string>> = { colourName: { 3: 'r"ed' }, ticker: { ML: 'MLX' } };
  const asked: string[] = [];
  const lookup = (property: string, key: unknown) => {
    asked.push(`${property} ${String(key)}`);
    return TABLES[property]?.[String(key)] ?? null;
  };
  const rows: RecordRow[] = [full, { ...full, version: 4 }, { ...full, id: 8, name: 'other' }, { ...full, version: null }, { id: 9 }, full];

  test('the text is that of a row which holds it', () => {
    const write = compiled.restWith(lookup);
    const held = (row: RecordRow) => ({ ...row, colourName: lookup('colourName', row.version), ticker: lookup('ticker', row.name) });
    for (const sentAt of [null, '2026-11-22T10:00:01.000Z']) for (const row of rows) expect(write(row, sentAt)).toBe(compiled.rest(held(row), sentAt));
    expect(write(full, null)).toBe('{"id":7,"colour":{"id":3,"name":"r\\"ed"},"paper":{"name":"ML","ticker":"MLX"},"price":9999999999.99999999,"sentTimestamp":null,"colourName":"r\\"ed"}');
  });

  test('what follows from one value of a small table is made once for each value, in one answer; nothing is kept for the next', () => {
    asked.length = 0;
    const small = compileWire({ ...grouped, wire: grouped.wire.slice(0, 3) }, COLUMNS);
    const write = small.restWith(lookup);
    for (const row of [full, full, { ...full, version: 4 }]) write(row, null);
    expect(asked).toEqual(['colourName 3', 'ticker ML', 'ticker ML', 'colourName 4', 'ticker ML']);
    small.restWith(lookup)(full, null);
    expect(asked.slice(5)).toEqual(['colourName 3', 'ticker ML']);
  });
});
