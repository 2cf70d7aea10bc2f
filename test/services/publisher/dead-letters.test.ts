import { kafkaBrokers } from '../../helpers/addresses.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { alterTopic, createTopic } from '../../helpers/topic-admin.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter, type LetterRow } from './helpers/ledger.ts';
import { newTopic, relaySettings, startRelay, type TestRelay } from './helpers/relay.ts';
import { TopicReader } from './helpers/topic-reader.ts';

/** A topic with this limit takes every execution of these tests but those that were enlarged. */
const SMALL = { 'max.message.bytes': '580' };
const LARGE = { 'max.message.bytes': '100000' };

let database: TestDatabase;
let ledger: LedgerWriter;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
});
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
  await ledger.close();
  await database.drop();
});

async function relay(topic: string, over: Parameters<typeof relaySettings>[1] = {}): Promise<TestRelay> {
  const started = await startRelay(relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ordersTopic: topic, maxRetries: 1, kafkaPartitions: 2, ...over }));
  open.push({ close: () => started.stop() });
  return started;
}
async function reader(topic: string): Promise<TopicReader> {
  const opened = await TopicReader.open(kafkaBrokers(), topic);
  open.push(opened);
  return opened;
}
const letterWith = (state: string, over: Partial<LetterRow> = {}) =>
  waitFor(async () => (await ledger.letters()).find((l) => l.state === state && Object.entries(over).every(([k, v]) => l[k as keyof LetterRow] === v)), { what: `a letter ${state} ${JSON.stringify(over)}`, timeoutMs: 40_000 });

/** A slice of twenty of which number 1030 is a dead letter by now. */
async function withDeadLetter(): Promise<{ topic: string; sink: string; letter: LetterRow }> {
  const { topic, sink } = newTopic();
  await createTopic(topic, 2, SMALL);
  await ledger.insert(sink, 1_024, 20);
  await ledger.enlarge(1_030);
  await relay(topic);
  return { topic, sink, letter: await letterWith('dead') };
}

test('F28 tries are kept in the ledger: a relay that starts anew goes on counting, and waits as long as it was to wait', async () => {
  const { topic, sink } = newTopic();
  await createTopic(topic, 2, SMALL);
  await ledger.insert(sink, 1_024, 20);
  await ledger.enlarge(1_030);
  const slow = { maxRetries: 2, retryInitialDelay: 600_000, retryMaxDelay: 600_000 };
  const first = await relay(topic, slow);
  const row = async () => (await ledger.pool.query<{ tries: Record<string, unknown[]>; ahead: boolean; delivered: number }>(`select tries, next_at > now() as ahead, delivered from ledger where tries is not null`)).rows[0];
  await waitFor(async () => (await row())?.tries['1030']?.length === 1, { what: 'the first refusal in the ledger', timeoutMs: 30_000 });
  await expect(row()).resolves.toMatchObject({ ahead: true, delivered: 19 });
  await first.stop();
  await relay(topic, slow);
  await ledger.insert(sink, 2_048, 5);
  await waitFor(async () => (await ledger.sum(sink)).delivered === 24, { what: 'the second relay at work', timeoutMs: 30_000 });
  expect((await row())?.tries['1030']).toHaveLength(1);
  for (const tries of [2, 3]) {
    await ledger.pool.query(`update ledger set next_at = now() where tries is not null`);
    if (tries === 2) await waitFor(async () => (await row())?.tries['1030']?.length === 2, { what: 'the second refusal', timeoutMs: 30_000 });
  }
  const letter = await letterWith('dead');
  expect(letter).toMatchObject({ record: 1_030, attempts: 3 });
  expect(letter.tries.map((t) => t.code)).toEqual(['MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE']);
  expect(await ledger.breaches()).toEqual([]);
});

test('F29 F30 F65 a message that is refused alone becomes a dead letter with all that is known of it, in the table first, then beside its topic', async () => {
  const { topic, letter } = await withDeadLetter();
  expect(letter).toMatchObject({ record: 1_030, version: 1, op: 'insert', code: 'MESSAGE_TOO_LARGE', class: 'message', topic, attempts: 2, replays: 0, headers: { ce_id: 'execution:1030:1', ce_type: 'sluice.execution.insert' } });
  expect(letter.fingerprint).toMatch(/^MESSAGE_TOO_LARGE-[0-9a-f]{10}$/);
  expect(JSON.parse(letter.payload)).toMatchObject({ id: 1_030, destination: 'ABCDEFGHIJKLMNOPQRST' });
  const { rows } = await ledger.pool.query(`select state, written, delivered, superseded, dead, tries, acks ? 'refused' as open from ledger`);
  expect(rows).toEqual([{ state: 'done', written: 20, delivered: 19, superseded: 0, dead: 1, tries: null, open: false }]);

  await letterWith('dead', { mirrored: true });
  const mirror = await reader(`${topic}.dlq`);
  const copy = await waitFor(() => mirror.seen[0], { what: 'the copy', timeoutMs: 40_000 });
  expect(copy).toMatchObject({
    key: '1030', value: letter.payload,
    headers: { ce_id: 'execution:1030:1', dlq_id: String(letter.id), dlq_code: 'MESSAGE_TOO_LARGE', dlq_reason: letter.reason, dlq_fingerprint: letter.fingerprint, dlq_attempts: '2', dlq_topic: topic, dlq_partition: String(letter.partition) },
  });
});

test('F30 a dead letter whose mirror Kafka does not take either is safe in the table, and its copy says so without the payload', async () => {
  const { topic, sink } = newTopic();
  await createTopic(topic, 2, SMALL);
  await createTopic(`${topic}.dlq`, 2, { 'max.message.bytes': '900' });
  await ledger.insert(sink, 1_024, 20);
  await ledger.enlarge(1_030);
  await relay(topic);
  await letterWith('dead', { mirrored: true });
  const mirror = await reader(`${topic}.dlq`);
  const copy = await waitFor(() => mirror.seen[0], { what: 'the copy', timeoutMs: 30_000 });
  expect(copy).toMatchObject({ key: '1030', headers: { dlq_code: 'MESSAGE_TOO_LARGE' } });
  expect(copy.value).toContain('too large');
});

test('F39 a replayed letter that is refused again goes back with its count and its provenance; once mended it is delivered as the record is now', async () => {
  const { topic, sink, letter } = await withDeadLetter();
  const failing = await ledger.replay(sink, { ids: [letter.id] });
  const back = await letterWith('dead', { replays: 1 });
  expect(back).toMatchObject({ id: letter.id, attempts: 3, op: 'insert', payload: letter.payload });
  expect(back.tries.slice(0, 2)).toEqual(letter.tries);
  await waitFor(async () => (await ledger.replayState(failing))?.state === 'done', { what: 'the end of the replay', timeoutMs: 30_000 });

  await alterTopic(topic, LARGE);
  const mended = await ledger.replay(sink, { fingerprint: letter.fingerprint, kind: 'execution', code: 'MESSAGE_TOO_LARGE', since: '2000-01-01T00:00:00Z' });
  await letterWith('delivered', { replays: 2 });
  await waitFor(async () => (await ledger.replayState(mended))?.state === 'done', { what: 'the end of the second replay', timeoutMs: 30_000 });
  await expect(ledger.replayState(mended)).resolves.toEqual({ state: 'done', released: 1 });
  const consumer = await reader(topic);
  const copy = await waitFor(() => consumer.seen.find((m) => m.id === 1_030), { what: 'the message', timeoutMs: 30_000 });
  expect(copy.headers).toMatchObject({ ce_id: 'execution:1030:1', ce_type: 'sluice.execution.insert' });
  expect(await ledger.breaches()).toEqual([]);
  await ledger.replay(sink, { ids: [letter.id] });
  const nothing = await ledger.replay(sink, { ids: [String(letter.id)] });
  await waitFor(async () => (await ledger.replayState(nothing))?.state === 'done', { what: 'a replay of what is delivered, which releases nothing', timeoutMs: 30_000 });
  expect((await ledger.letters()).map((l) => [l.state, l.replays])).toEqual([['delivered', 2]]);
});

test('of states, later versions go on past a refused one, and the one delivered marks older dead letters superseded', async () => {
  const { topic, sink, letter } = await withDeadLetter();
  await alterTopic(topic, LARGE);
  await ledger.update([sink], 1_030);
  await letterWith('superseded', { id: letter.id });
  const consumer = await reader(topic);
  await waitFor(() => consumer.versions().get(1_030)?.at(-1) === 2, { what: 'the later version', timeoutMs: 30_000 });
  expect(consumer.seen.find((m) => m.version === 2)?.value).toContain('"sentTimestamp":null');
  expect(await ledger.breaches()).toEqual([]);
});

test.each([['at once', 1_000], ['one after the other', 1]])('two letters of one record that are replayed together, %s, send it once, as it is now; the older is superseded', async (_, rate) => {
  const { topic, sink, letter } = await withDeadLetter();
  await ledger.update([sink], 1_030);
  const later = await letterWith('dead', { version: 2 });
  await alterTopic(topic, LARGE);
  const id = await ledger.replay(sink, { ids: [letter.id, later.id] }, rate);
  await letterWith('delivered', { id: later.id });
  await letterWith('superseded', { id: letter.id });
  await waitFor(async () => (await ledger.replayState(id))?.state === 'done', { what: 'the end of the replay', timeoutMs: 30_000 });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 20, { what: 'all messages', timeoutMs: 30_000 });
  expect(consumer.versions().get(1_030)).toEqual([2]);
  expect(await ledger.breaches()).toEqual([]);
});

test('a letter that is outlived on its way, and one whose record is gone, are superseded and not sent', async () => {
  const { topic, sink, letter } = await withDeadLetter();
  await ledger.pool.query(`update dead_letter set state = 'replaying', replays = 1, outlived = true, replay_id = $1`, ['019ab000-0000-7000-8000-000000000001']);
  await ledger.pool.query(
    `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) values ('019ab000-0000-7000-8000-000000000001', 0, 'replay', $1, 'execution', 1, 1, 1030, 1, 1, 0, 'test', 'waiting')`, [sink]);
  await letterWith('superseded', { id: letter.id });
  await ledger.pool.query(`update dead_letter set state = 'dead', outlived = false`);
  await ledger.pool.query('delete from execution where id = 1030');
  await alterTopic(topic, LARGE);
  await ledger.replay(sink, { ids: [letter.id] });
  await letterWith('superseded', { replays: 2 });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 19, { what: 'the others', timeoutMs: 30_000 });
  expect(consumer.versions().has(1_030)).toBe(false);
});
