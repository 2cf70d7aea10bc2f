import type { Admin, Kafka } from 'kafkajs';
import pg from 'pg';
import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import { CLOCK, GIVEN_IDS, OPEN_CURSORS } from '../../shared/db/queries/verify-topic.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { kafkaOptions, type KafkaReach } from '../../shared/secure/kafka-options.ts';
import { postgresAddress } from '../../shared/secure/postgres-address.ts';
import { EventCheck } from './check-events.ts';
import { TopicCheck, type ReadMessage, type TopicBreach, type TopicVerdict } from './check-topic.ts';
import { claimsOf, owedEvents, owedRows, versionsMade, type TopicScope } from './ledger-side.ts';
import { ClaimMatcher, type Claim } from './match-claims.ts';
import { readingClient, readInTurn, readStretch, stretchOf, type Stretch } from './read-topic.ts';

export interface KafkaCheck {
  topics: Record<string, TopicVerdict>;
  breaches: TopicBreach[];
  more: boolean;
}

export interface KafkaCheckOptions {
  postgresUrl: string;
  kafkaBrokers: string;
  /** How both are reached; as the default settings say where it is not given. */
  reach?: KafkaReach & Pick<Settings, 'postgresCa'>;
  topics: readonly string[];
  /** Those of them that hold events of large batches, or items handed out, instead of records. */
  ofEvents?: ReadonlySet<string>;
  scope: TopicScope;
  /** Most breaches that are named for a topic. */
  most: number;
  /** Told now and then how many messages were read, of how many. */
  onProgress: (read: number, total: number) => void;
}

const PLAIN = { postgresCa: '', kafkaTls: false, kafkaCa: '', kafkaSasl: 'none', kafkaCredentials: '' } as const;
const PROGRESS_EVERY = 5_000;
/** Claims that are looked ahead. */
const AHEAD = 3;

/**
 * Reads these topics from their beginning and compares each with the ledger. What the ledger calls delivered before the
 * reading began must be there, at the offset that it says; everything that is there must be known to the ledger afterwards. So
 * it may run while work goes on.
 * @throws what PostgreSQL or Kafka failed with
 */
export async function checkKafka(options: KafkaCheckOptions): Promise<KafkaCheck> {
  const { reach = PLAIN } = options;
  const client = new pg.Client({ ...postgresAddress(options.postgresUrl, reach), application_name: 'sluice verify', connectionTimeoutMillis: 5_000 });
  const kafka = readingClient(options.kafkaBrokers, kafkaOptions(reach));
  const admin = kafka.admin();
  const result: KafkaCheck = { topics: {}, breaches: [], more: false };
  let read = 0;
  let before = 0;
  try {
    await client.connect();
    await admin.connect();
    let total = 0;
    for (const topic of options.topics) total += messagesIn((await stretchOf(admin, topic)) ?? []);
    for (const topic of options.topics) {
      const check = await (options.ofEvents?.has(topic) === true ? checkEvents : checkTopic)({ client, kafka, admin }, topic, options, (more) => {
        read += more;
        if (read - before >= PROGRESS_EVERY) options.onProgress((before = read), Math.max(total, read));
      });
      result.topics[topic] = check.finish();
      result.breaches.push(...check.breaches);
      result.more ||= check.more;
    }
    return result;
  } finally {
    await Promise.allSettled([admin.disconnect(), client.end()]);
  }
}

interface Sides {
  client: pg.Client;
  kafka: Kafka;
  admin: Admin;
}

async function checkTopic({ client, kafka, admin }: Sides, topic: string, { scope, most }: KafkaCheckOptions, onRead: (messages: number) => void): Promise<TopicCheck> {
  const sink = `kafka:${topic}`;
  const snapshot = () => client.query(OPEN_CURSORS);
  const begun = (await client.query<[string]>({ text: CLOCK, rowMode: 'array' })).rows[0]?.[0] ?? '-infinity';
  // The claims' snapshot comes before the end of the topic is looked up: what it calls acknowledged lies before that end.
  await snapshot();
  const claims = new ClaimQueue(claimsOf(client, sink, scope));
  await claims.fill();
  const stretch = (await stretchOf(admin, topic)) ?? [];
  const given = await client.query<[string, string]>({ text: GIVEN_IDS, rowMode: 'array' });
  const check = new TopicCheck({ topic, partitions: stretch.length, truncated: new Set(stretch.filter(({ low }) => low > 0).map(({ partition }) => partition)), most, given: new Map(given.rows.map(([kind, below]) => [kind, Number(below)])) });
  await matchTopic({ kafka, admin }, topic, stretch, claims, check, onRead);
  await client.query('commit');
  await snapshot();
  for await (const { kind, id, version } of versionsMade(client)) check.made(kind, id, version);
  for await (const row of owedRows(client, sink, begun, scope)) check.compare(row);
  await client.query('commit');
  return check;
}

/** The same of a topic of events. What was acknowledged before the reading began is told by the instant: it lies before the topic's end. */
async function checkEvents({ client, kafka, admin }: Sides, topic: string, { scope, most }: KafkaCheckOptions, onRead: (messages: number) => void): Promise<EventCheck> {
  const begun = (await client.query<[string]>({ text: CLOCK, rowMode: 'array' })).rows[0]?.[0] ?? '-infinity';
  const stretch = (await stretchOf(admin, topic)) ?? [];
  const check = new EventCheck({ topic, partitions: stretch.length, truncated: new Set(stretch.filter(({ low }) => low > 0).map(({ partition }) => partition)), most });
  await readStretch(kafka, admin, topic, stretch, (message) => {
    check.note(message);
    onRead(1);
  });
  await client.query(OPEN_CURSORS);
  for await (const event of owedEvents(client, `kafka:${topic}`, begun, scope)) check.compare(event);
  await client.query('commit');
  return check;
}

/** Reads the stretch; every message is noted, and held against the claims on its partition. */
async function matchTopic({ kafka, admin }: Omit<Sides, 'client'>, topic: string, stretch: Stretch, claims: ClaimQueue, check: TopicCheck, onRead: (messages: number) => void): Promise<void> {
  const partitionOf = (id: number) => partitionOfKey(String(id), stretch.length);
  let at: { partition: number; matcher: ClaimMatcher } | undefined;
  const matcherOf = (partition: number) => new ClaimMatcher({ topic, partition }, partitionOf, (breach) => check.tell(breach));
  /** Goes on to a partition; claims on what lies before it found nothing there. */
  const goTo = async (partition: number): Promise<ClaimMatcher> => {
    if (at?.partition === partition) return at.matcher;
    await dropClaims(claims, stretch, partition, matcherOf);
    at = { partition, matcher: matcherOf(partition) };
    return at.matcher;
  };
  const take = async (messages: readonly ReadMessage[], partition: number) => {
    const matcher = await goTo(partition);
    for (const message of messages) {
      const named = check.note(message);
      if (claims.short) await claims.fill();
      if (named !== undefined && !matcher.takes(named, claims.list)) check.unclaimed(named, partition);
    }
    onRead(messages.length);
  };
  await readInTurn(kafka, admin, topic, stretch, { messages: take });
  await dropClaims(claims, stretch, Infinity, matcherOf);
}

/** Claims on partitions before `partition`, or on messages that are removed already: the former are told. */
async function dropClaims(claims: ClaimQueue, stretch: Stretch, partition: number, matcherOf: (partition: number) => ClaimMatcher): Promise<void> {
  for (;;) {
    if (claims.short) await claims.fill();
    const first = claims.list[0];
    if (first === undefined) return;
    const low = stretch.find((s) => s.partition === first.partition)?.low ?? 0;
    if (first.base >= low && first.partition >= partition) return;
    if (first.base >= low) matcherOf(first.partition).lacks(first);
    claims.list.shift();
  }
}

/** The claims that come next, a few thousand at a time. */
class ClaimQueue {
  readonly list: Claim[] = [];
  readonly #source: AsyncGenerator<Claim[]>;
  #ended = false;

  constructor(source: AsyncGenerator<Claim[]>) {
    this.#source = source;
  }

  get short(): boolean {
    return !this.#ended && this.list.length < AHEAD;
  }

  async fill(): Promise<void> {
    while (this.short) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else this.list.push(...next.value);
    }
  }
}

function messagesIn(stretch: Stretch): number {
  return stretch.reduce((sum, { low, high }) => sum + high - low, 0);
}
