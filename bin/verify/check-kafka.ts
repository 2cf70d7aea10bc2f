import pg from 'pg';
import { CLOCK } from '../../shared/db/queries/verify-topic.ts';
import { TopicCheck, type TopicBreach, type TopicVerdict } from './check-topic.ts';
import { owedRows } from './owed-rows.ts';
import { readingClient, readStretch, stretchOf, type Stretch } from './read-topic.ts';

export interface KafkaCheck {
  topics: Record<string, TopicVerdict>;
  breaches: TopicBreach[];
  more: boolean;
}

export interface KafkaCheckOptions {
  postgresUrl: string;
  kafkaBrokers: string;
  topics: readonly string[];
  scope: { batchId: string | null; fromBatchId: string | null };
  /** Most breaches that are named for a topic. */
  most: number;
  /** Told now and then how many messages were read, of how many. */
  onProgress: (read: number, total: number) => void;
}

const PROGRESS_EVERY = 5_000;

/**
 * Reads these topics from their beginning and compares each with the ledger. What the ledger calls delivered before the
 * reading began must be there; everything that is there must be known to the ledger afterwards. So it may run while work goes on.
 * @throws what PostgreSQL or Kafka failed with
 */
export async function checkKafka(options: KafkaCheckOptions): Promise<KafkaCheck> {
  const client = new pg.Client({ connectionString: options.postgresUrl, application_name: 'sluice verify', connectionTimeoutMillis: 5_000 });
  const kafka = readingClient(options.kafkaBrokers);
  const admin = kafka.admin();
  try {
    await client.connect();
    await admin.connect();
    const { rows } = await client.query<[string]>({ text: CLOCK, rowMode: 'array' });
    const begun = rows[0]?.[0] ?? '-infinity';
    const stretches = new Map<string, Stretch | undefined>();
    for (const topic of options.topics) stretches.set(topic, await stretchOf(admin, topic));
    const total = [...stretches.values()].flatMap((s) => s ?? []).reduce((sum, { low, high }) => sum + high - low, 0);
    const result: KafkaCheck = { topics: {}, breaches: [], more: false };
    let read = 0;
    for (const [topic, stretch = []] of stretches) {
      const check = new TopicCheck(topic, stretch.length, new Set(stretch.filter(({ low }) => low > 0).map(({ partition }) => partition)), options.most);
      await readStretch(kafka, admin, topic, stretch, (message) => {
        check.note(message);
        if (++read % PROGRESS_EVERY === 0) options.onProgress(read, total);
      });
      for await (const row of owedRows(client, `kafka:${topic}`, begun, options.scope)) check.compare(row);
      result.topics[topic] = check.finish();
      result.breaches.push(...check.breaches);
      result.more ||= check.more;
    }
    return result;
  } finally {
    await Promise.allSettled([admin.disconnect(), client.end()]);
  }
}
