/**
 * A consumer that acts on each event once, although Sluice delivers at least once.
 *
 *   KAFKA_BROKERS=127.0.0.1:9092 TOPIC=orders node examples/consumer/drop-repeats.ts
 *
 * Each message has an id, `ce_id` = kind:record:version. Versions of a record come in order, so the last one that was acted on is
 * all that need be remembered: what is not newer is a repeat. It is remembered here in memory; a consumer with a table writes the
 * version into the same transaction as its effect, and then even a crash between the two repeats nothing.
 */
import kafkajs from 'kafkajs';

/** The version acted on last, by kind and record. */
const done = new Map<string, number>();

/** Whether this event is new; it is remembered then. */
function isNew(eventId: string): boolean {
  const [kind, record, version] = eventId.split(':');
  const key = `${kind}:${record}`;
  if (Number(version) <= (done.get(key) ?? 0)) return false;
  done.set(key, Number(version));
  return true;
}

const kafka = new kafkajs.Kafka({ clientId: 'drop-repeats', brokers: (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(','), logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: process.env.GROUP ?? 'drop-repeats' });
await consumer.connect();
await consumer.subscribe({ topic: process.env.TOPIC ?? 'orders', fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const eventId = String(message.headers?.ce_id);
    console.log(`${isNew(eventId) ? 'new   ' : 'repeat'} ${eventId} ${String(message.value)}`);
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.disconnect().then(() => process.exit(0)));
