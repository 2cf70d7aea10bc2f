import { fileURLToPath } from 'node:url';
import { runSluice } from '../bin/run-sluice.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { send, type AnswerBody } from '../helpers/http.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { order } from '../helpers/order-items.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { alterTopic, createTopic } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const KIND_FILE = fileURLToPath(new URL('../helpers/kinds/memo.kind.ts', import.meta.url));
const PATH = '/api/v1/dead-letters';
const LONG = { timeoutMs: 60_000 };
const NONE_FITS = { 'max.message.bytes': '200' };
const ALL_FIT = { 'max.message.bytes': '1000000' };

let system: TestSystem;
const topics = { order: uniqueName('order-events'), memo: uniqueName('memos') };
const readers = {} as Record<keyof typeof topics, TopicReader>;

beforeAll(async () => {
  for (const topic of Object.values(topics)) await createTopic(topic, 4, ALL_FIT);
  system = await startSystem({ relays: 1, settings: { recordKinds: KIND_FILE, ordersTopic: topics.memo, orderEventsTopic: topics.order, relayPoll: 20, maxRetries: 1, retryInitialDelay: 20, retryMaxDelay: 100 } });
  readers.order = await TopicReader.open(kafkaBrokers(), topics.order);
  readers.memo = await TopicReader.open(kafkaBrokers(), topics.memo);
});
afterAll(async () => {
  for (const reader of Object.values(readers)) await reader.close();
  await system.stop();
});

type Kind = keyof typeof topics;
interface Letter {
  id: string;
  version: number;
  state: string;
}
const get = async (path: string): Promise<AnswerBody> => (await send(system.url, 'GET', path)).body;
const create = async (kind: Kind): Promise<number> => {
  const answer = kind === 'order' ? await send(system.url, 'POST', '/api/v1/orders', [order({ quantity: '1234567890.12345678' })]) : await send(system.url, 'POST', '/api/v1/memos', { text: 'first' });
  return kind === 'order' ? ((answer.body.orders as { orderId: number }[])[0]?.orderId ?? 0) : (answer.body.id as number);
};
const remove = async (kind: Kind, id: number, version: number) => expect((await send(system.url, 'DELETE', `/api/v1/${kind}/${id}?version=${version}`)).status).toBe(204);
const lettersOf = async (kind: Kind, id: number) => (await get(`${PATH}?order=oldest&kind=${kind}&recordId=${id}`)).content as unknown as Letter[];
const letterOf = (kind: Kind, id: number, version: number, state: string) =>
  waitFor(async () => (await lettersOf(kind, id)).find((letter) => letter.version === version && letter.state === state), { ...LONG, what: `a dead letter of ${kind} ${id}:${version} that is ${state}` });
const replay = (ids: string[]) => send(system.url, 'POST', `${PATH}/replays`, { ids });
const settled = (id: unknown) => waitFor(async () => { const r = await get(`${PATH}/replays/${String(id)}`); return r.state !== 'running' && r.onTheWay === 0 && r; }, { ...LONG, what: 'the end of the replay' });
/** What came of a record, in the order of the topic: type and id of each event. */
const told = (kind: Kind, id: number) => readers[kind].seen.filter((m) => m.key === String(id)).map((m) => `${String(m.headers.ce_type)} ${String(m.headers.ce_id)}`);
const arrives = (kind: Kind, id: number, events: readonly [op: string, version: number][]) =>
  waitFor(() => JSON.stringify(told(kind, id)) === JSON.stringify(events.map(([op, version]) => `sluice.${kind}.${op} ${kind}:${id}:${version}`)), { ...LONG, what: `${events.join(' and ')} of ${kind} ${id}, got ${told(kind, id).join(' and ')}` });
const lastOf = (kind: Kind, id: number) => JSON.parse(readers[kind].seen.findLast((m) => m.key === String(id))?.value ?? '{}') as Record<string, unknown>;
const lawHolds = async () => {
  expect(await get('/api/v1/verify')).toMatchObject({ holds: true, breaches: [] });
  const ran = await runSluice(['verify', '--kafka', '--json', '--url', system.url], { env: { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: kafkaBrokers(), ORDERS_TOPIC: topics.memo, ORDER_EVENTS_TOPIC: topics.order, BATCHES_TOPIC: system.settings.batchesTopic, RECORD_KINDS: KIND_FILE } });
  expect(JSON.parse(ran.out)).toMatchObject({ holds: true, breaches: [] });
};

describe.each<Kind>(['order', 'memo'])('the deletion of one %s that Kafka refuses', (kind) => {
  beforeEach(() => alterTopic(topics[kind], ALL_FIT));

  test('F29 is a dead letter with the record as it was, dead again when it is refused again, and goes when it is replayed, though nothing is left of the record', async () => {
    const id = await create(kind);
    await arrives(kind, id, [['insert', 1]]);
    await alterTopic(topics[kind], NONE_FITS);
    await remove(kind, id, 1);
    const letter = await letterOf(kind, id, 2, 'dead');
    const kept = await get(`${PATH}/${letter.id}`);
    expect(kept).toMatchObject({ payload: expect.stringMatching(kind === 'order' ? /"quantity": ?1234567890\.12345678,/ : /"text": ?"first"/) as string, headers: { ce_type: `sluice.${kind}.delete`, ce_id: `${kind}:${id}:2` } });
    expect(await settled((await replay([letter.id])).body.id)).toMatchObject({ state: 'done', released: 1, delivered: 0, deadAgain: 1 });
    await lawHolds(); // also while it is dead again
    expect(await get(`${PATH}/${letter.id}`)).toMatchObject({ state: 'dead', replays: 1, payload: kept.payload, headers: { ce_type: `sluice.${kind}.delete` } });
    await alterTopic(topics[kind], ALL_FIT);
    expect((await send(system.url, 'POST', `${PATH}/replays`, { ids: [letter.id], dryRun: true })).body).toMatchObject({ total: 1, wouldSend: 1, wouldSupersede: 0, first: [{ outcome: 'send', sendsVersion: 2 }] });
    expect(await settled((await replay([letter.id])).body.id)).toMatchObject({ state: 'done', delivered: 1, deadAgain: 0, superseded: 0 });
    await arrives(kind, id, [['insert', 1], ['delete', 2]]);
    expect(lastOf(kind, id)).toMatchObject({ id, version: 2, ...(kind === 'order' ? { status: { abbreviation: 'NEW' } } : { text: 'first' }) });
    await lawHolds();
  });

  test('may be discarded: it never goes, and the law still holds', async () => {
    const id = await create(kind);
    await arrives(kind, id, [['insert', 1]]);
    await alterTopic(topics[kind], NONE_FITS);
    await remove(kind, id, 1);
    const letter = await letterOf(kind, id, 2, 'dead');
    await alterTopic(topics[kind], ALL_FIT);
    expect((await send(system.url, 'POST', `${PATH}/discards`, { ids: [letter.id], reason: 'told by telephone' })).body).toEqual({ discarded: 1, remaining: 0 });
    expect(told(kind, id)).toHaveLength(1);
    await lawHolds();
  });
});

test('of events, a deletion waits behind a dead letter of its record, and follows it when that is replayed', async () => {
  await alterTopic(topics.order, NONE_FITS);
  const id = await create('order');
  const letter = await letterOf('order', id, 1, 'dead');
  await remove('order', id, 1);
  await alterTopic(topics.order, ALL_FIT);
  expect(await get(`${PATH}/${letter.id}`)).toMatchObject({ waitingBehind: [{ version: 2 }] });
  expect(told('order', id)).toEqual([]);
  expect(await settled((await replay([letter.id])).body.id)).toMatchObject({ delivered: 1 });
  await arrives('order', id, [['insert', 1], ['delete', 2]]);
  await lawHolds();
});

test('of states, a deletion goes by itself, and the dead letter of what was before it is superseded: a replay brings nobody back', async () => {
  await alterTopic(topics.memo, NONE_FITS);
  const [gone, again] = [await create('memo'), await create('memo')];
  const [first, second] = [await letterOf('memo', gone, 1, 'dead'), await letterOf('memo', again, 1, 'dead')];
  // This one's deletion dies as well: the record is gone, and its first letter has nothing left to tell.
  await remove('memo', again, 1);
  const deletion = await letterOf('memo', again, 2, 'dead');
  await alterTopic(topics.memo, ALL_FIT);
  await remove('memo', gone, 1);
  await arrives('memo', gone, [['delete', 2]]);
  await letterOf('memo', gone, 1, 'superseded');
  expect(first.id).toBeDefined();
  expect(await settled((await replay([second.id])).body.id)).toMatchObject({ delivered: 0, superseded: 1 });
  expect(told('memo', again)).toEqual([]);
  expect(await settled((await replay([deletion.id])).body.id)).toMatchObject({ delivered: 1 });
  await arrives('memo', again, [['delete', 2]]);
  await lawHolds();
  expect(await query(system.databaseUrl, `select 1 from dead_letter where state = 'dead'`)).toEqual([]);
});
