import type { Admin } from 'kafkajs';
import type { Pool } from 'pg';
import { runStatement } from '../../shared/db/run-statement.ts';
import { KEEP_SINK_TOPIC, READ_SINK_TOPIC } from '../../shared/db/queries/relay-topics.ts';
import type { Settings } from '../../shared/config/settings.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { classifyKafkaError } from './kafka-errors.ts';
import type { SinkFailure } from './sink.ts';

/** How often, and in which steps, the leaders of a new topic are looked for. */
const LEADER_LOOKS = 40;
const LEADER_LOOK_MS = 50;

export interface TopicTools {
  pool: Pool;
  settings: Pick<Settings, 'createTopics' | 'kafkaPartitions' | 'kafkaReplication' | 'statementTimeout'>;
  log: Logger;
}

/** PostgreSQL did not say, or keep, how many partitions a topic had at first. */
export class LedgerAway extends Error {
  constructor(cause: unknown) {
    super('PostgreSQL does not answer.', { cause });
    this.name = 'LedgerAway';
  }
}

/**
 * Makes sure that a sink's topic is there with the partition count it was first used with, since the partition of a key
 * follows from it. Creates it when it is missing and that is allowed. Never guesses: whatever doesn't fit is said.
 * @returns the partition count, or why nothing can be sent
 * @throws LedgerAway, or what the broker failed with
 */
export async function ensureTopic(admin: Admin, sink: string, topic: string, tools: TopicTools): Promise<{ partitions: number } | { failure: SinkFailure }> {
  // The cluster is asked first: what fails after its answer is not its fault.
  let partitions = await countPartitions(admin, topic);
  const kept = await keptPartitions(sink, tools);
  if (partitions === 0) {
    if (!tools.settings.createTopics) return refuse('topic-missing', `The topic "${topic}" is missing and CREATE_TOPICS is off. Create it${kept === undefined ? '' : ` with ${kept} partitions`}.`);
    await createTopic(admin, topic, kept ?? tools.settings.kafkaPartitions, tools);
    await waitForLeaders(admin, topic);
    partitions = await countPartitions(admin, topic);
    if (partitions === 0) return refuse('topic-missing', `The topic "${topic}" was created and is not known to the brokers yet.`);
  }
  if (kept === undefined) await run(tools, KEEP_SINK_TOPIC, [sink, topic, partitions]);
  const expected = kept ?? (await keptPartitions(sink, tools)) ?? partitions;
  if (expected === partitions) return { partitions };
  return refuse(
    'partition-count',
    `The topic "${topic}" has ${partitions} partitions, but was first used with ${expected}. Keys would move to other partitions and lose their order, so nothing is sent. Give the topic ${expected} partitions again, or drain it and remove its row from the table sink_topic.`,
  );
}

function refuse(code: string, message: string): { failure: SinkFailure } {
  return { failure: { class: 'configuration', code, message, unsettled: false } };
}

async function keptPartitions(sink: string, tools: TopicTools): Promise<number | undefined> {
  const [row] = await run(tools, READ_SINK_TOPIC, [sink]);
  return row === undefined ? undefined : Number(row[0]);
}

/** 0 when the topic is missing. */
async function countPartitions(admin: Admin, topic: string): Promise<number> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find((t) => t.name === topic)?.partitions.length ?? 0;
  } catch (error) {
    if (classifyKafkaError(error).code === 'UNKNOWN_TOPIC_OR_PARTITION') return 0;
    throw error;
  }
}

/** Another relay may create it at the same moment; then it is there, which is all that is wanted (F35). */
async function createTopic(admin: Admin, topic: string, partitions: number, tools: TopicTools): Promise<void> {
  try {
    const created = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: tools.settings.kafkaReplication }], waitForLeaders: false });
    if (created) tools.log.info({ topic, partitions }, 'topic created');
  } catch (error) {
    const errors = error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [error];
    for (const one of errors) if (classifyKafkaError(one).code !== 'TOPIC_ALREADY_EXISTS') throw one;
  }
}

/**
 * Leaders take up their partitions a moment after the topic is known; a send in that moment is refused by some and kept by
 * others, and would be sent twice. Gives up in silence: a partition without a leader then simply rests.
 */
async function waitForLeaders(admin: Admin, topic: string): Promise<void> {
  for (let look = 0; look < LEADER_LOOKS; look++) {
    const led = await admin.fetchTopicOffsets(topic).then(
      () => true,
      () => false,
    );
    if (led) return;
    await new Promise((resolve) => setTimeout(resolve, LEADER_LOOK_MS));
  }
}

async function run(tools: TopicTools, statement: typeof READ_SINK_TOPIC, values: unknown[]): Promise<unknown[][]> {
  try {
    return await runStatement(tools.pool, statement, values, tools.settings.statementTimeout);
  } catch (error) {
    throw new LedgerAway(error);
  }
}
