import type { Sink } from '../../../services/publisher/sink.ts';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { createTopic } from '../../helpers/topic-admin.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { newTopic, relaySettings, startRelay, type TestRelay } from './helpers/relay.ts';

const SHARDS = 32;
const SENDS = 2;
/** Taken ahead of the sends under way. */
const AHEAD = 2;
const MESSAGES = 50;

let database: TestDatabase;
let ledger: LedgerWriter;
let relay: TestRelay | undefined;
beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, SHARDS);
});
afterEach(async () => {
  await relay?.stop();
  await ledger.close();
  await database.drop();
});

test('F32 however much waits and however slow the sink is, only so many sends are under way, and only so many messages are in memory', async () => {
  const { topic, sink: name } = newTopic();
  await createTopic(topic, 20);
  for (let shard = 0; shard < SHARDS; shard++) await ledger.insert(name, 1_024 * (shard + 1), MESSAGES, 4);
  const made: number[] = [];
  let under = 0;
  let most = 0;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const around = (sink: Sink): Sink => {
    const slow = Object.create(sink) as Sink;
    slow.message = (row, id, record, sentAt) => {
      made.push(id);
      return sink.message(row, id, record, sentAt);
    };
    slow.send = async (groups, mayGoOn) => {
      most = Math.max(most, ++under);
      await gate;
      under--;
      return sink.send(groups, mayGoOn);
    };
    for (const method of ['check', 'close', 'partitionOf', 'evidence', 'kept'] as const) Object.defineProperty(slow, method, { value: sink[method].bind(sink) });
    for (const property of ['name', 'cluster', 'maxMessages', 'maxPartitionBytes', 'settledAfterMs'] as const) Object.defineProperty(slow, property, { get: () => sink[property] });
    return slow;
  };
  relay = await startRelay(relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ordersTopic: topic, relaySendsInFlight: SENDS, relayBatchMessages: MESSAGES, shardLease: 30_000 }), { around });
  await waitFor(() => under === SENDS && made.length >= (SENDS + AHEAD) * MESSAGES, { what: 'as many sends as may be', timeoutMs: 30_000 });
  // The relay looks again every 20 ms; more work, too, makes it look.
  for (let i = 0; i < 20; i++) {
    await ledger.insert(name, 1_024 * (SHARDS + 1 + i), 1);
    void relay.broker.broadcastLocal('ledger.appended', { sinks: [name], shards: [] });
  }
  expect([most, made.length]).toEqual([SENDS, (SENDS + AHEAD) * MESSAGES]);
  open();
  await waitFor(async () => (await ledger.sum(name)).delivered === SHARDS * 4 * MESSAGES + 20, { what: 'all to be delivered', timeoutMs: 60_000 });
});
