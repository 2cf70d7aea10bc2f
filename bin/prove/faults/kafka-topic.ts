import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Target, TargetKafka } from '../target.ts';
import type { Fault } from './fault.ts';
import { latestSizes } from './message-size.ts';

/** So much of the messages still fit. */
const FITS = 0.95;
const LOOK_MS = 250;
const ASKS_MS = 5_000;
const REPLAYED_WITHIN_MS = 60_000;
/** Dead letters a second. */
const RATE = 1_000;

/** The topic's own limit; undefined: the broker's. */
async function limitMessages(kafka: TargetKafka, bytes: number | undefined): Promise<void> {
  const configEntries = bytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(bytes) }];
  await kafka.admin((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: kafka.topic, configEntries }] }));
}

/** Asks as an operator would. The answer doesn't matter here: what is still dead is asked for again. */
async function requestReplay(port: number | undefined, sink: string): Promise<void> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ filter: { sink }, rate: RATE }), signal: AbortSignal.timeout(ASKS_MS) };
  await fetch(`http://127.0.0.1:${port}/api/v1/dead-letters/replays`, request).then((response) => response.arrayBuffer(), () => undefined);
}

/** Replays all that is dead, until nothing is, or the time or the run is over: what is left then shows in the checks. */
async function replayAll(target: Target): Promise<void> {
  const { postgres, stopped } = target;
  const until = performance.now() + REPLAYED_WITHIN_MS;
  while (!stopped.aborted && performance.now() < until) {
    const left = await postgres.sql<{ sink: string; dead: number }>(`
      select sink, (count(*) filter (where state = 'dead'))::int as dead from dead_letter where state in ('dead', 'replaying') group by sink`);
    if (left.length === 0) return;
    // 409 while an earlier replay still runs, 400 where nothing is dead any more: it is looked at again.
    for (const { sink, dead } of left) if (dead > 0) await requestReplay(target.links('client', 'edge')[0]?.port, sink);
    await sleep(LOOK_MS);
  }
}

/** What is done to the topic of executions. */
export const KAFKA_TOPIC: readonly Fault[] = [
  {
    name: 'kafka-topic-deleted',
    says: 'the topic is deleted with all that is on it; the relay makes it again',
    touches: ['kafka'],
    forgetsTopic: true,
    async inject({ kafka }) {
      await kafka.admin((admin) => admin.deleteTopics({ topics: [kafka.topic] }));
      return { end: () => Promise.resolve() };
    },
  },
  {
    name: 'kafka-message-too-large',
    says: 'Kafka refuses the largest twentieth of the messages: they become dead letters, and are replayed at the end',
    // A replay is asked for at an edge, kept in PostgreSQL, and carried out by a relay.
    touches: ['kafka', 'relay', 'edge', 'postgres', 'client->edge', 'edge->postgres', 'relay->kafka', 'relay->postgres'],
    // Four tries with their pauses take 7 s at most.
    lastsMs: [10_000, 14_000],
    async inject(target) {
      const sizes = await latestSizes(target.kafka);
      await limitMessages(target.kafka, sizes[Math.floor(sizes.length * FITS)]);
      return {
        async end() {
          await limitMessages(target.kafka, undefined);
          await replayAll(target);
        },
      };
    },
  },
];
