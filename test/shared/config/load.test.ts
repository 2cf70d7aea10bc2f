import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, nearest, readSettings, SettingsError } from '../../../shared/config/load.ts';
import { SETTINGS, envOf, type NumberRow, type SettingName, type SettingRow } from '../../../shared/config/settings.ts';

const TABLE = Object.entries(SETTINGS) as [SettingName, SettingRow][];
const NUMBERS = TABLE.filter((entry): entry is [SettingName, NumberRow] => entry[1].type === 'number');

/** The faults of these settings; fails if they can be used. */
function faultsOf(env: Record<string, string | undefined>, file = ''): string[] {
  try {
    readSettings(env, file);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  throw new Error('the settings can be used');
}

test('without any variable every setting has its default', () => {
  const { settings, origins } = readSettings({});
  expect(settings).toEqual(Object.fromEntries(TABLE.map(([name, row]) => [name, row.default])));
  expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
});

test.each(TABLE)('the default of %s is a value that could be given', (name, row) => {
  expect(readSettings({ [envOf(name)]: String(row.default) }).settings[name]).toBe(row.default);
});

test('every variable belongs to one setting', () => {
  const variables = TABLE.map(([name]) => envOf(name));
  expect(new Set(variables).size).toBe(variables.length);
});

test.each(NUMBERS)('F52 %s takes its bounds and nothing beyond, and says them with the unit', (name, row) => {
  const variable = envOf(name);
  for (const bound of [row.min, row.max]) expect(readSettings({ [variable]: String(bound) }).settings[name]).toBe(bound);
  for (const wrong of [String(row.min - 1), String(row.max + 1), 'ten', 'NaN', 'Infinity', '-']) {
    expect(faultsOf({ [variable]: wrong })).toEqual([`${variable} must be a ${row.fraction ? 'number' : 'whole number'} from ${row.min} to ${row.max} (${row.unit}), but it is "${wrong}"`]);
  }
});

test('only what may have a fraction takes one', () => {
  expect(readSettings({ RETRY_MULTIPLIER: '1.5' }).settings.retryMultiplier).toBe(1.5);
  expect(faultsOf({ MAX_RETRIES: '1.5' })).toHaveLength(1);
});

test('numbers may be grouped, switches have the usual words, spaces around do no harm', () => {
  expect(readSettings({ REQUEST_DEADLINE: ' 10_000 ' }).settings.requestDeadline).toBe(10_000);
  expect(['true', 'YES', 'on', '1', 'false', 'No', 'off', '0'].map((word) => readSettings({ CREATE_TOPICS: word }).settings.createTopics)).toEqual([true, true, true, true, false, false, false, false]);
  expect(faultsOf({ CREATE_TOPICS: 'perhaps' })).toEqual(['CREATE_TOPICS must be true or false, but it is "perhaps"']);
});

test('a choice lists what there is and says which was meant', () => {
  expect(faultsOf({ UNKNOWN_QUERY: 'ignroe' })).toEqual([expect.stringMatching(/^UNKNOWN_QUERY must be one of reject, ignore; did you mean ignore\?/)]);
  expect(faultsOf({ UNKNOWN_QUERY: 'colour' })).toEqual(['UNKNOWN_QUERY must be one of reject, ignore, but it is "colour"']);
});

test('the environment goes before the file, and a blank variable says nothing', () => {
  const { settings, origins } = readSettings({ WRITERS: '3', RELAYS: ' ', SHARDS: undefined }, 'WRITERS=5\nRELAYS=2\n# SHARDS=64\n');
  expect([settings.writers, settings.relays, settings.shards]).toEqual([3, 2, 32]);
  expect([origins.writers, origins.relays, origins.shards]).toEqual(['environment', 'file', 'default']);
});

test('in .env every unknown name is a fault, with the one that was meant', () => {
  expect(faultsOf({}, 'WRITRES=3\nCOLOUR_OF_THE_SKY=blue\n').sort()).toEqual(['in .env COLOUR_OF_THE_SKY is no setting; `bin/sluice settings` lists them', 'in .env WRITRES is no setting; did you mean WRITERS?']);
});

test('in the environment only a near miss is a fault: most names there belong to others', () => {
  expect(faultsOf({ KAFKA_BROKER: 'a:1', WRITRES: '3' })).toEqual(['KAFKA_BROKER is no setting; did you mean KAFKA_BROKERS?', 'WRITRES is no setting; did you mean WRITERS?']);
  const foreign = ['PATH', 'HOME', 'HOSTNAME', 'LANG', 'PORTS', 'TERM', 'SHELL', 'NODE_ENV', 'NODE_OPTIONS', 'PGHOST', 'KUBERNETES_SERVICE_PORT', 'POSTGRES_USER', 'POSTGRES_DB', 'KAFKA_HEAP_OPTS'];
  expect(readSettings(Object.fromEntries(foreign.map((name) => [name, 'x']))).settings.port).toBe(8_080);
});

test('secrets are never in a message: not malformed ones, nor misspelt ones', () => {
  const faults = faultsOf({ POSTGRES_URL: 'mysql://u:hunter2@host/db', NATS_URL: 'token-hunter2@host', POSTGRES_URLS: 'postgres://u:hunter2@host/db' }, 'NATS_URLL=nats://hunter2@host\n');
  expect(faults).toHaveLength(4);
  expect(faults.join()).not.toContain('hunter2');
  expect(faults[0]).toBe('POSTGRES_URL must be an address that begins with postgres://');
});

test('F53 all faults are told at once', () => {
  const faults = faultsOf({ PORT: '70000', LOG_LEVEL: 'loud', WRITRES: '3' }, 'SHARDS=0\nCOLOUR=red\n');
  expect(faults.map((fault) => /[A-Z_]{4,}/.exec(fault)?.[0]).sort()).toEqual(['COLOUR', 'LOG_LEVEL', 'PORT', 'SHARDS', 'WRITRES']);
  expect(new SettingsError(faults).message.split('\n')).toHaveLength(6);
});

test.each<[SettingName, string[], string[]]>([
  ['kafkaBrokers', ['a:1', 'a:1,b.c:9092'], ['a', 'a:1,', 'a:1, b:2', 'http://a:1']],
  ['postgresUrl', ['postgres://h/d', 'postgresql://h/d'], ['h', 'POSTGRES//h']],
  ['tradeServiceUrl', ['http://h', 'https://h'], ['ftp://h', 'h:80']],
  ['ordersTopic', ['orders', 'a.b-c_D9'], ['with space', 'x'.repeat(250)]],
  ['namespace', ['a-b_C9'], ['a.b', 'x'.repeat(65)]],
])('%s has its form', (name, good, bad) => {
  for (const text of good) expect(readSettings({ [envOf(name)]: text }).settings[name]).toBe(text);
  for (const text of bad) expect(faultsOf({ [envOf(name)]: text })).toEqual([expect.stringContaining(`${envOf(name)} must be`)]);
});

test('a word is near by inserted, lost, wrong and swapped letters, and the nearest wins', () => {
  const known = ['WRITERS', 'WRITER_CONCURRENCY', 'RELAYS'];
  expect(['WRITER', 'WRITERSS', 'WRITIRS', 'WRTIERS', 'writers', 'RELAY'].map((word) => nearest(word, known, 1))).toEqual(['WRITERS', 'WRITERS', 'WRITERS', 'WRITERS', 'WRITERS', 'RELAYS']);
  expect([nearest('WRTIRES', known, 1), nearest('WRTIRES', known, 2), nearest('COLOUR', known, 3)]).toEqual([undefined, 'WRITERS', undefined]);
});

test('the .env file of the folder is read; none is needed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-settings-'));
  try {
    expect(loadSettings(folder).origins.idempotencyKeep).toBe('default');
    await writeFile(join(folder, '.env'), 'IDEMPOTENCY_KEEP=48\n');
    expect(loadSettings(folder).settings.idempotencyKeep).toBe(48);
  } finally {
    await rm(folder, { recursive: true });
  }
});
