/**
 * A bare kafkajs producer that sends messages as the relay makes them, from memory: the most that one process can deliver.
 */
import kafkajs, { type Message } from 'kafkajs';
import { readSettings } from '../../shared/config/load.ts';
import type { Turn } from '../harness/rounds.ts';
import { rowAt } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';
import type { TimedSpec } from './copy.ts';

export interface ProducerInit {
  kafkaBrokers: string;
  topic: string;
}

/** Distinct messages in memory; they are sent again and again. */
const DISTINCT = 30_000;

serveLoad<ProducerInit, TimedSpec, Turn>(async ({ kafkaBrokers, topic }) => {
  const { settings } = readSettings({});
  const kafka = new kafkajs.Kafka({ clientId: 'bench', brokers: kafkaBrokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: settings.kafkaPartitions, replicationFactor: 1 }] });
  await admin.disconnect();
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = Array.from({ length: DISTINCT }, (_, i) => message(100_000 + i));

  return {
    async run({ seconds }) {
      let sent = 0;
      const began = performance.now();
      const worker = async () => {
        while (performance.now() - began < seconds * 1_000) {
          const at = sent % DISTINCT;
          const part = messages.slice(at, at + settings.relayBatchMessages);
          sent += part.length;
          await producer.send({ topic, acks: -1, messages: part });
        }
      };
      await Promise.all(Array.from({ length: settings.relaySendsInFlight }, worker));
      return { records: sent, seconds: (performance.now() - began) / 1_000 };
    },
    close: () => producer.disconnect(),
  };
});

/** Key, value and headers of the same form and size as the relay's. */
function message(id: number): Message {
  const row = rowAt(id);
  const decimal = (text: string | null) => (text === null ? 'null' : `${text}${text.includes('.') ? '' : '.'}`.padEnd(text.length + 6, '0'));
  const value = `{"id":${id},"executionStatus":"NEW","tradeType":"${row.tradeType}","destination":"${row.destination}","securityId":"${row.securityId}","quantity":${decimal(row.quantity)},"limitPrice":${decimal(row.limitPrice)},"receivedTimestamp":${Date.now() / 1_000},"sentTimestamp":null,"tradeServiceExecutionId":${row.tradeServiceExecutionId ?? 'null'},"quantityFilled":0.00000000,"averagePrice":null,"version":1}`;
  return {
    key: String(id),
    value,
    headers: { ce_id: `execution:${id}:1`, ce_source: 'urn:sluice:bench', ce_type: 'sluice.execution.insert', ce_specversion: '1.0', ce_time: new Date().toISOString(), 'content-type': 'application/json' },
  };
}
