import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { kafkaBrokers } from './addresses.ts';

/** An item that was handed out (docs/events/ItemProcessingRequested). */
export interface Request {
  type: string;
  batchId: string;
  index: number;
  attempt: number;
  idempotencyKey: string;
  kind: string;
  item: { label: string; weight: string };
  timeLimitMs: number;
}

/** Does the work of the kind `outwork`: reads what is handed out, and answers. */
export interface Outworker {
  /** All that came, in the order in which it came. */
  readonly seen: Request[];
  say(...commands: unknown[]): Promise<void>;
  /** A message as it is. */
  sayText(key: string, value: string): Promise<void>;
  close(): Promise<void>;
}

export const done = ({ batchId, index, attempt, item }: Request, over: object = {}) => ({ type: 'ItemProcessingCompleted', batchId, index, attempt, result: { ...item, doneBy: `attempt ${attempt}` }, ...over });
export const failed = ({ batchId, index, attempt }: Request, category: string, message = 'it went wrong') => ({ type: 'ItemProcessingCompleted', batchId, index, attempt, error: { category, message } });

/** @param answers commands that are said to a request; none leaves it without an answer */
export async function startOutworker(itemsTopic: string, commandsTopic: string, answers: (request: Request) => unknown[]): Promise<Outworker> {
  const kafka = new kafkajs.Kafka({ clientId: 'outworker', brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 20, initialRetryTime: 50 } });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  const consumer = kafka.consumer({ groupId: `outworker-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const seen: Request[] = [];
  const say = async (...commands: unknown[]) => {
    if (commands.length > 0) await producer.send({ topic: commandsTopic, messages: commands.map((c) => ({ key: (c as { batchId?: string }).batchId ?? null, value: JSON.stringify(c) })) });
  };
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: itemsTopic, fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      const requests = batch.messages.map(({ value }) => JSON.parse(String(value)) as Request);
      seen.push(...requests);
      await say(...requests.flatMap(answers));
    },
  });
  return {
    seen,
    say,
    sayText: async (key, value) => void (await producer.send({ topic: commandsTopic, messages: [{ key, value }] })),
    close: async () => void (await Promise.all([consumer.disconnect(), producer.disconnect()])),
  };
}
