import { join } from 'node:path';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { createDatabase } from '../helpers/database.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { faultySink } from '../services/publisher/helpers/faulty-sink.ts';
import { LedgerWriter } from '../services/publisher/helpers/ledger.ts';
import { newTopic, relaySettings, startRelay, type TestRelay } from '../services/publisher/helpers/relay.ts';
import { inOrder, TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const KIND_FILE = join(import.meta.dirname, '../helpers/kinds/alarm.kind.ts');
const STEPS = 45;

/** What the history does next; a small seeded generator (T. Ettinger's mulberry32, public domain). */
function below(seed: number): (n: number) => number {
  let a = seed;
  return (n) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * n);
  };
}

/**
 * Plays inserts, updates, refusals, lost answers, replays and hand-overs between relays against real servers, mends the sink,
 * replays what is dead, and hands over what a consumer saw.
 */
async function play(kind: 'execution' | 'alarm', seed: number) {
  const next = below(seed);
  const database = await createDatabase();
  const { topic, sink } = newTopic();
  const settings = relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ordersTopic: topic, kafkaPartitions: 4, recordKinds: KIND_FILE, maxRetries: 1, retryInitialDelay: 5, retryMaxDelay: 40 });
  await migrate(database.url, await loadKinds(KIND_FILE), settings);
  const ledger = new LedgerWriter(database.url, 32, kind);
  let faults = true;
  // The first record of each slice is refused until the sink is mended, some others now and then.
  const around = faultySink({ refuses: (id) => faults && (id % 1_024 === 0 || (id % 3 === 0 && next(3) === 0)), losesAnswer: () => faults && next(12) === 0 });
  const relays: TestRelay[] = [];
  const join = async () => void relays.push(await startRelay(settings, { around }));
  let firstId = 1_024;
  try {
    await Promise.all([join(), join()]);
    for (let step = 0; step < STEPS; step++) {
      const span = 1 + next(30);
      if (step % 3 === 0) {
        await ledger.insert(sink, firstId, span);
        firstId += 1_024;
      }
      for (let n = next(8); n >= 0; n--) {
        const ids = [...(await ledger.versions()).keys()];
        await ledger.update([sink], ids[next(ids.length)] ?? 1_024);
      }
      if (next(5) === 0) await ledger.replay(sink, {});
      if (step % 15 === 14) await Promise.all([relays.shift()?.stop(), join()]);
    }
    await waitFor(async () => (await ledger.letters()).length > 5, { what: 'some dead letters', timeoutMs: 30_000 });
    faults = false;
    await waitFor(
      async () => {
        const letters = await ledger.letters();
        if (letters.some((l) => l.state === 'dead')) await ledger.replay(sink, {});
        return !letters.some((l) => ['dead', 'replaying'].includes(l.state)) && (await ledger.isDone(sink));
      },
      { what: 'the end of all deliveries and replays', timeoutMs: 60_000 },
    );
    const reader = await TopicReader.open(kafkaBrokers(), topic);
    const versions = await ledger.versions();
    try {
      await waitFor(() => [...versions].every(([id, version]) => reader.versions().get(id)?.includes(version) === true), { what: 'the last version of each record', timeoutMs: 30_000 });
    } finally {
      await reader.close();
    }
    return { versions, seen: reader.versions(), letters: await ledger.letters(), breaches: await ledger.breaches() };
  } finally {
    for (const relay of relays) await relay.stop();
    await ledger.close();
    await database.drop();
  }
}

test('F64 F66 F36 of states: through refusals, lost answers, replays, updates and hand-overs, no record goes back to an older version, and its last one arrives', async () => {
  const { versions, seen, letters, breaches } = await play('execution', 20_261_122);
  expect([...versions].filter(([id, last]) => !inOrder(seen.get(id) ?? []) || seen.get(id)?.at(-1) !== last).map(([id, last]) => ({ id, last, seen: seen.get(id) }))).toEqual([]);
  expect(letters.map((l) => l.state).filter((s) => s !== 'delivered' && s !== 'superseded')).toEqual([]);
  expect(breaches).toEqual([]);
}, 150_000);

test('of events: through the same, every version of each record arrives, none before an earlier one', async () => {
  const { versions, seen, letters, breaches } = await play('alarm', 20_261_123);
  const wrong = [...versions].filter(([id, last]) => {
    const all = seen.get(id) ?? [];
    return !inOrder(all) || new Set(all).size !== last;
  });
  expect(wrong.map(([id, last]) => ({ id, last, seen: seen.get(id) }))).toEqual([]);
  expect(letters.map((l) => l.state).filter((s) => s !== 'delivered')).toEqual([]);
  expect(breaches).toEqual([]);
}, 150_000);
