import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { send } from '../helpers/http.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { alterTopic, createTopic } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const KIND_FILE = fileURLToPath(new URL('../helpers/kinds/alarm.kind.ts', import.meta.url));
const TOO_LONG = 'x'.repeat(5_000);

let system: TestSystem;
let reader: TopicReader;
const topic = uniqueName('alarms');
const sink = `kafka:${topic}`;

beforeAll(async () => {
  await createTopic(topic, 4, { 'max.message.bytes': '2000' });
  system = await startSystem({ relays: 1, settings: { recordKinds: KIND_FILE, ordersTopic: topic, relayPoll: 20, maxRetries: 1, retryInitialDelay: 20, retryMaxDelay: 100 } });
  reader = await TopicReader.open(kafkaBrokers(), topic);
});
afterAll(async () => {
  await reader.close();
  await system.stop();
});

const post = async (text: string) => (await send(system.url, 'POST', '/api/v1/alarms', { text })).body.id as number;
const put = async (id: number, version: number, text: string) => expect((await send(system.url, 'PUT', `/api/v1/alarm/${id}`, { text, version })).status).toBe(200);
const letterOf = (id: number, state: string) =>
  waitFor(async () => (await query<{ id: string; version: number }>(system.databaseUrl, 'select id, version from dead_letter where record_id = $1 and state = $2', [id, state]))[0], { what: `a dead letter of ${id} that is ${state}`, timeoutMs: 40_000 });
const waiting = async (id: number) => (await query<{ version: number }>(system.databaseUrl, `select version from ledger where first_id = $1 and op = 'update' and state = 'waiting' order by id`, [id])).map((r) => r.version);
/** F21: when Kafka acknowledged the record; not before. */
const sentAt = async (id: number) => (await send(system.url, 'GET', `/api/v1/alarm/${id}`)).body.sentTimestamp;
const versionsOf = (id: number) => [...(reader.versions().get(id) ?? [])];
const arrives = (id: number, versions: number[]) => waitFor(() => JSON.stringify(versionsOf(id)) === JSON.stringify(versions), { what: `versions ${versions.join(', ')} of ${id}`, timeoutMs: 40_000 });

test('events of a record wait behind its dead letter while those of others go on, and follow in order when a replay delivers it', async () => {
  const id = await post(TOO_LONG);
  await letterOf(id, 'dead');
  expect(await sentAt(id)).toBeNull();
  await put(id, 1, 'second');
  await put(id, 2, 'third');
  const other = await post('another alarm');
  await put(other, 1, 'another, changed');
  await arrives(other, [1, 2]);
  expect(await waiting(id)).toEqual([2, 3]);
  expect(versionsOf(id)).toEqual([]);

  await alterTopic(topic, { 'max.message.bytes': '100000' });
  await query(system.databaseUrl, `insert into replay (id, sink, filter, rate, total, requested_by) values ($1, $2, '{}', 100, 1, 'test')`, [uuidv7(), sink]);
  await letterOf(id, 'delivered');
  await arrives(id, [1, 2, 3]);
  expect(Date.parse((await sentAt(id)) as string)).toBeGreaterThan(Date.now() - 60_000);
  const first = reader.seen.find((m) => m.id === id);
  expect([first?.headers.ce_type, (JSON.parse(first?.value ?? '{}') as { text: string }).text]).toEqual(['sluice.alarm.insert', TOO_LONG]);
  await alterTopic(topic, { 'max.message.bytes': '2000' });
});

test('they follow too when the dead letter is discarded; one that dies in its turn holds up what comes after it', async () => {
  const id = await post(TOO_LONG);
  const { id: letter } = await letterOf(id, 'dead');
  await put(id, 1, TOO_LONG);
  await put(id, 2, 'third');
  expect(await waiting(id)).toEqual([2, 3]);
  const discard = (of: string) => query(system.databaseUrl, `update dead_letter set state = 'discarded', closed_at = now(), closed_by = 'test', closed_reason = 'of no use' where id = $1`, [of]);
  await discard(letter);
  // A message is the record as it is when it is sent: the second event goes out with the third's text.
  await arrives(id, [2, 3]);

  const again = await post('fits');
  await arrives(again, [1]);
  await put(again, 1, TOO_LONG);
  const second = await letterOf(again, 'dead');
  expect(second.version).toBe(2);
  await put(again, 2, 'third');
  await waitFor(async () => (await waiting(again)).length === 1, { what: 'the third to wait', timeoutMs: 40_000 });
  await discard(second.id);
  await arrives(again, [1, 3]);
});

test('what is due adds up: delivered, waiting, dead, discarded, superseded', async () => {
  const id = await post(TOO_LONG);
  await letterOf(id, 'dead');
  const [sum] = await query<Record<string, number>>(system.databaseUrl,
    `select sum(written)::int as due, sum(delivered)::int as delivered, sum(superseded)::int as superseded, sum(dead)::int as dead, sum(written - delivered - superseded - dead) filter (where state = 'waiting') as waiting from ledger where sink = $1 and op <> 'replay'`, [sink]);
  const letters = await query<{ state: string; n: number }>(system.databaseUrl, 'select state, count(*)::int as n from dead_letter group by state order by state');
  expect(letters).toEqual([{ state: 'dead', n: 1 }, { state: 'delivered', n: 1 }, { state: 'discarded', n: 2 }]);
  expect(sum).toMatchObject({ dead: 4, superseded: 0, waiting: null });
  expect((sum?.delivered ?? 0) + 4).toBe(sum?.due);
  expect((await send(system.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true, breaches: [] });
});
