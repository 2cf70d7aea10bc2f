import { kafkaBrokers } from '../../helpers/addresses.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { createTopic } from '../../helpers/topic-admin.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { newTopic, relaySettings, startRelay, type TestRelay } from './helpers/relay.ts';
import { TopicReader } from './helpers/topic-reader.ts';

const LONG = { timeoutMs: 60_000 };
let database: TestDatabase;
let ledger: LedgerWriter;
let relay: TestRelay | undefined;
let reader: TopicReader | undefined;
beforeAll(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
});
afterAll(async () => {
  await reader?.close();
  await relay?.stop();
  await ledger.close();
  await database.drop();
});

test('what a topic takes at a time is learned once: later sends are cut to it, none is refused any more, all arrive once and in order', async () => {
  const { topic, sink } = newTopic();
  // About five executions; a send has some hundred for each partition.
  await createTopic(topic, 4, { 'max.message.bytes': '3000' });
  await ledger.insert(sink, 1_024, 500);
  relay = await startRelay(relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ordersTopic: topic, kafkaPartitions: 4 }));
  reader = await TopicReader.open(kafkaBrokers(), topic);
  const delivered = (count: number) => waitFor(async () => (await ledger.sum(sink)).delivered === count, { ...LONG, what: `${count} messages delivered` });
  await delivered(500);
  const refusals = await refused();
  expect(refusals).toBeGreaterThan(0);
  for (let lot = 1; lot <= 4; lot++) {
    await ledger.insert(sink, 1_024 * (lot + 1), 500);
    await delivered(500 * (lot + 1));
  }
  expect(await refused()).toBe(refusals);
  await waitFor(() => reader?.seen.length === 2_500, { ...LONG, what: 'the messages' });
  expect(new Set(reader.seen.map((m) => m.key)).size).toBe(2_500);
  expect(await ledger.letters()).toEqual([]);
  expect(await ledger.breaches()).toEqual([]);
});

/** Record batches that were refused for their size. */
async function refused(): Promise<number> {
  const { body } = await (relay as TestRelay).node.metrics.text();
  return Number(/^sluice_relay_too_large_total\{.*\} (\d+)$/m.exec(body)?.[1] ?? 0);
}
