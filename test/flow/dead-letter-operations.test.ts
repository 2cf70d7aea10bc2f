import { fileURLToPath } from 'node:url';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { execution } from '../helpers/executions.ts';
import { send, type AnswerBody } from '../helpers/http.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { alterTopic, createTopic } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const KIND_FILE = fileURLToPath(new URL('../helpers/kinds/alarm.kind.ts', import.meta.url));
const PATH = '/api/v1/dead-letters';
/** No message is as small as this. */
const NONE_FITS = { 'max.message.bytes': '100' };
/** All fit but this one. */
const MOST_FIT = { 'max.message.bytes': '10000' };
const TOO_LONG = 'x'.repeat(20_000);
const LONG = { timeoutMs: 40_000 };

interface Letter {
  id: number;
  kind: string;
  recordId: number;
  state: string;
}

let system: TestSystem;
let reader: TopicReader;
const topic = uniqueName('orders');
const sink = `kafka:${topic}`;

beforeAll(async () => {
  await createTopic(topic, 4, NONE_FITS);
  system = await startSystem({ relays: 1, settings: { recordKinds: KIND_FILE, ordersTopic: topic, relayPoll: 20, maxRetries: 3, retryInitialDelay: 100, retryMaxDelay: 400 } });
  reader = await TopicReader.open(kafkaBrokers(), topic);
});
afterAll(async () => {
  await reader.close();
  await system.stop();
});

const get = async (path: string): Promise<AnswerBody> => (await send(system.url, 'GET', path)).body;
const post = (path: string, body: unknown) => send(system.url, 'POST', path, body, { 'Sluice-Operator': 'ada' });
const put = async (path: string, body: unknown) => expect((await send(system.url, 'PUT', path, body)).status).toBe(200);
const letters = async (query: string) => (await get(`${PATH}?order=oldest&${query}`)).content as Letter[];
const dead = (count: number) => waitFor(async () => (await letters('state=dead')).length === count, { what: `${count} dead letters`, ...LONG });
const settled = (id: string) => waitFor(async () => { const r = await get(`${PATH}/replays/${id}`); return r.state !== 'running' && r.onTheWay === 0 && r; }, { what: 'the end of the replay', ...LONG });
/** Versions of a record in the order of the topic; ids of different kinds are not different. */
const versionsOf = (kind: string, id: number) => reader.seen.map((m) => String(m.headers.ce_id).split(':')).filter(([k, of]) => k === kind && of === String(id)).map(([, , version]) => Number(version));
const arrives = (kind: string, id: number, versions: number[]) => waitFor(() => JSON.stringify(versionsOf(kind, id)) === JSON.stringify(versions), { what: `versions ${versions.join(', ')} of ${kind} ${id}`, ...LONG });

test('F30 F39 what Kafka refuses is found, shown, replayed at a capped rate, stopped, gone on with, discarded; nothing is lost, and all of it is written down', async () => {
  const batch = await post('/api/v1/executions/batch', { executions: Array.from({ length: 6 }, () => execution()) });
  const ids = (batch.body.results ?? []).map((r) => r.execution?.id as number);
  const alarm = (await post('/api/v1/alarms', { text: 'first' })).body.id as number;
  await dead(7);
  await put(`/api/v1/alarm/${alarm}`, { text: 'second', version: 1 });
  await put(`/api/v1/alarm/${alarm}`, { text: 'third', version: 2 });

  // Found: one cause, one group; shown with the item that it came from, and with what waits for it.
  const { content: groups } = (await get(`${PATH}/groups`)) as { content: { fingerprint: string }[] };
  expect(groups).toMatchObject([{ sink, code: 'MESSAGE_TOO_LARGE', count: 7, dead: 7, kinds: ['alarm', 'execution'] }]);
  const filter = { fingerprint: groups[0]?.fingerprint, sink };
  const [ofThird] = await letters(`kind=execution&recordId=${ids[2]}`);
  expect(await get(`${PATH}/${ofThird?.id}`)).toMatchObject({ attempts: 4, payload: expect.stringContaining(`"id":${ids[2]},`) as string, headers: { ce_id: `execution:${ids[2]}:1` }, provenance: { batchId: batch.body.batchId, index: 2 }, waitingBehind: [] });
  const [ofAlarm] = await letters('kind=alarm');
  expect(await get(`${PATH}/${ofAlarm?.id}`)).toMatchObject({ waitingBehind: [{ version: 2 }, { version: 3 }], moreWaiting: false });

  // Refused again: dead as before, with its count and where it came from.
  const vain = await post(`${PATH}/replays`, { ids: [ofThird?.id] });
  expect(await settled(String(vain.body.id))).toMatchObject({ state: 'done', total: 1, released: 1, delivered: 0, deadAgain: 1 });
  expect(await get(`${PATH}/${ofThird?.id}`)).toMatchObject({ state: 'dead', attempts: 5, replays: 1, replayId: vain.body.id, provenance: { batchId: batch.body.batchId, index: 2 } });

  // Allowed by now: a later version goes out by itself, and takes the place of its dead letter.
  await alterTopic(topic, MOST_FIT);
  await put(`/api/v1/execution/${ids[0]}`, { quantityFilled: 5, averagePrice: 1, version: 1 });
  await arrives('execution', ids[0] ?? 0, [2]);
  await waitFor(async () => (await letters(`kind=execution&recordId=${ids[0]}`))[0]?.state === 'superseded', { what: 'the dead letter of the older version to be superseded', ...LONG });

  // A dry run tells; the replay does it, slowly; stopped, it leaves the rest dead.
  const order = await letters('state=dead');
  const plan = await post(`${PATH}/replays`, { filter, dryRun: true });
  expect(plan.body).toMatchObject({ total: 6, wouldSend: 6, wouldSupersede: 0, first: order.map(({ id, kind, recordId }) => ({ id, kind, recordId, topic, waitingBehind: kind === 'alarm' ? 2 : 0 })) });
  expect(await letters('state=dead')).toHaveLength(6);
  const slow = await post(`${PATH}/replays`, { filter, rate: 1 });
  expect(await post(`${PATH}/replays`, { filter })).toMatchObject({ status: 409, body: { code: 'replay-running', replayId: slow.body.id } });
  await waitFor(async () => Number((await get(`${PATH}/replays/${String(slow.body.id)}`)).released) > 0, { what: 'the first of them to be released', ...LONG });
  expect((await post(`${PATH}/replays/${String(slow.body.id)}/stop`, {})).body).toMatchObject({ state: 'stopped', total: 6 });
  const stopped = await settled(String(slow.body.id));
  expect(stopped.released).toBeGreaterThanOrEqual(1);
  expect(stopped.released).toBeLessThan(6);
  expect(await letters('state=dead')).toHaveLength(6 - Number(stopped.released));

  // Gone on with: each arrives once, the alarm's events in order behind it.
  const rest = await post(`${PATH}/replays`, { filter });
  expect(await settled(String(rest.body.id))).toMatchObject({ state: 'done', delivered: 6 - Number(stopped.released), deadAgain: 0, superseded: 0 });
  for (const id of ids.slice(1)) await arrives('execution', id, [1]);
  await arrives('alarm', alarm, [1, 2, 3]);
  expect(await post(`${PATH}/replays`, { ids: [ofThird?.id] })).toMatchObject({ status: 409, body: { code: 'letter-closed', errors: [{ code: 'delivered' }] } });

  // Discarded: it never goes, what waited behind it does.
  const other = (await post('/api/v1/alarms', { text: TOO_LONG })).body.id as number;
  await dead(1);
  await put(`/api/v1/alarm/${other}`, { text: 'of use', version: 1 });
  expect((await post(`${PATH}/discards`, { filter: { kind: 'alarm' }, reason: 'told by telephone' })).body).toEqual({ discarded: 1, remaining: 0 });
  await arrives('alarm', other, [2]);

  const { content: audit } = (await get('/api/v1/audit?order=oldest')) as { content: { who: string; operation: string }[] };
  expect(audit.map(({ who, operation }) => `${who} ${operation}`)).toEqual(['ada dead-letters.replay', 'ada dead-letters.replay', 'ada dead-letters.stop-replay', 'ada dead-letters.replay', 'ada dead-letters.discard']);
  expect(await get('/api/v1/verify')).toMatchObject({ holds: true, breaches: [] });
}, 120_000);
