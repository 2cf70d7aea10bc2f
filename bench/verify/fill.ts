import kafkajs from 'kafkajs';
import type { Pool } from 'pg';
import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import '../../services/publisher/kafka-encoder.ts';

export const TOPIC = 'orders';
const PARTITIONS = 20;
/** Messages of a send. */
const SEND = 2_048;

/**
 * Fills ledger, batches, table and topic with delivered records as Sluice leaves them: slices of `span` records, each a batch of
 * its own.
 */
export async function fill(pool: Pool, brokers: string, records: number, span: number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`set statement_timeout = 0; set transaction_timeout = 0`);
    await client.query(`insert into execution select id, 'NEW', 'BUY', 'ML', lpad(id::text, 24, 'S'), 100, null, now(), null, 0, null, 1 from generate_series(1024, $1::int8) id`, [records + 1_023]);
    await client.query(`insert into id_block values ('execution', $1)`, [Math.ceil(records / 1_024) + 1]);
    await client.query(
      `create temp table slice as select (lpad(to_hex(1763800000000 + n), 12, '0') || '7000800000000000' || '0000')::uuid as batch_id, 1024 + n * $2::int8 as first_id from generate_series(0, $1::int8 / $2::int8 - 1) n`, [records, span]);
    await client.query(`insert into batch (id, kind, client, state, requested, received_at, closed_at) select batch_id, 'execution', 'anonymous', 'closed', $1, now(), now() from slice`, [span]);
    await client.query(
      `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state)
       select batch_id, 0, 'insert', 'kafka:${TOPIC}', 'execution', $1::int, (first_id / 1024) % 32, first_id, 1, $1::int, 0, 'w', 'waiting' from slice`, [span]);
    await sendAll(brokers, records, span, async (firstIds, acks) => {
      await client.query(`update ledger l set state = 'done', delivered = written, sent_at = now(), acks = u.acks::jsonb from slice s, unnest($1::int8[], $2::text[]) u(first_id, acks) where s.first_id = u.first_id and l.batch_id = s.batch_id`, [firstIds, acks]);
    });
    await client.query('vacuum (analyze)');
  } finally {
    client.release(true);
  }
}

async function sendAll(brokers: string, records: number, span: number, mark: (firstIds: number[], acks: string[]) => Promise<void>): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }] });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: () => ({ message }) => message.partition ?? 0 });
  await producer.connect();
  for (let from = 0; from < records; from += SEND) {
    const count = Math.min(SEND, records - from);
    const next = new Map<number, number>();
    const messages = Array.from({ length: count }, (_, i) => messageOf(1_024 + from + i));
    for (const { partition, baseOffset } of await producer.send({ topic: TOPIC, messages })) next.set(partition, Number(baseOffset));
    const firstIds: number[] = [];
    const acks: string[] = [];
    for (let at = 0; at < count; at += span) {
      const bases: Record<string, number> = {};
      for (const { partition } of messages.slice(at, at + span)) {
        bases[partition] ??= next.get(partition) ?? 0;
        next.set(partition, (next.get(partition) ?? 0) + 1);
      }
      firstIds.push(1_024 + from + at);
      acks.push(JSON.stringify(bases));
    }
    await mark(firstIds, acks);
  }
  await producer.disconnect();
}

function messageOf(id: number) {
  const value = JSON.stringify({ id, executionStatus: 'NEW', tradeType: 'BUY', destination: 'ML', securityId: String(id).padStart(24, 'S'), quantity: 100, limitPrice: null, receivedTimestamp: 1763800000.123, sentTimestamp: null, tradeServiceExecutionId: null, quantityFilled: 0, averagePrice: null, version: 1 });
  return { key: String(id), partition: partitionOfKey(String(id), PARTITIONS), value, headers: { ce_id: `execution:${id}:1` } };
}
