import { join } from 'node:path';
import { readSettings } from '../../shared/config/load.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send } from '../helpers/http.ts';
import { done, startOutworker, type Outworker, type Request } from '../helpers/outworker.ts';
import { admin } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';

const KINDS = join(import.meta.dirname, '../helpers/kinds/outwork.kind.ts');
const LONG = { timeoutMs: 120_000 };
const ITEMS = 60;

let fleet: Fleet;
let other: Outworker;
beforeAll(async () => {
  fleet = await startFleet({ writers: 1, relays: 1, env: { RECORD_KINDS: KINDS, BATCH_COMMANDS: 'true' } });
  await migrate(fleet.databaseUrl, await loadKinds(KINDS), readSettings({}).settings);
  await waitFor(async () => {
    const topics = await admin((a) => a.listTopics());
    return [fleet.itemsTopic, fleet.commandsTopic].every((topic) => topics.includes(topic));
  }, { ...LONG, what: 'the topics' });
  // Every third item is answered only after all were killed.
  other = await startOutworker(fleet.itemsTopic, fleet.commandsTopic, (request) => (request.index % 3 === 0 ? [] : [done(request)]));
}, 120_000);
afterAll(async () => {
  await other?.close();
  await fleet?.stop();
});

test('all nodes are killed at once while items are elsewhere: what was answered stays answered, what is answered meanwhile is taken, nothing is handed out or stored twice', async () => {
  const body = Array.from({ length: ITEMS }, (_, i) => `{"label":"item ${i}","weight":1}\n`).join('');
  const { batchId } = (await send(fleet.url, 'POST', `/api/v1/batches/outworks?parallelism=${ITEMS}`, body, { 'Content-Type': 'application/x-ndjson' })).body as { batchId: string };
  const seen = () => other.seen.filter((r) => r.batchId === batchId);
  await waitFor(async () => seen().length >= ITEMS && (await fleet.sql(`select from item where batch_id = $1 and state = 'done'`, [batchId])).length >= ITEMS / 3, { ...LONG, what: 'all to be handed out, and some to be answered' });
  await Promise.all(fleet.nodes().map((node) => node.kill9()));
  expect(await fleet.sql(`select from item where batch_id = $1 and state = 'started'`, [batchId])).not.toEqual([]);
  // Nobody is there to hear it.
  await other.say(...seen().filter((r) => r.index % 3 === 0).map((r: Request) => done(r)));
  await Promise.all([fleet.start('writer'), fleet.start('relay'), fleet.start('edge')]);
  await waitFor(async () => (await send(fleet.url, 'GET', `/api/v1/batches/${batchId}`)).body.state === 'COMPLETED', { ...LONG, what: 'the batch to be carried out' });

  expect(await fleet.sql('select count(*)::int as n, count(distinct label)::int as labels from outwork')).toEqual([{ n: ITEMS, labels: ITEMS }]);
  await fleet.quiet();
  expect(await fleet.sql(`select count(*)::int as n from ledger where op = 'event' and kind = 'item'`)).toEqual([{ n: ITEMS }]);
  // Kafka may bring a message twice; it is the same attempt.
  expect(new Set(seen().map((r) => r.attempt))).toEqual(new Set([1]));
  expect((await send(fleet.url, 'GET', '/api/v1/verify')).body.holds).toBe(true);
}, 240_000);
