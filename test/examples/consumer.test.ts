import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { createTopic } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SCRIPT = fileURLToPath(new URL('../../examples/consumer/drop-repeats.ts', import.meta.url));

test('the example consumer acts on each event once, however often it comes', async () => {
  const topic = uniqueName('repeats');
  await createTopic(topic, 2);
  const producer = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  const sent = [[1, 1], [2, 1], [1, 1], [1, 2], [1, 1], [1, 2], [2, 1], [2, 3], [1, 3]] as const;
  for (const [id, version] of sent) {
    await producer.send({ topic, messages: [{ key: String(id), partition: id % 2, value: JSON.stringify({ id, version }), headers: { ce_id: `execution:${id}:${version}` } }] });
  }
  await producer.disconnect();

  const child = spawn(process.execPath, [SCRIPT], { env: { ...process.env, NODE_OPTIONS: '', KAFKA_BROKERS: kafkaBrokers(), TOPIC: topic, GROUP: topic }, stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.on('data', (part: Buffer) => (printed += part.toString()));
  try {
    const lines = () => printed.split('\n').slice(0, -1);
    await waitFor(() => lines().length === sent.length, { what: 'a line for each message', timeoutMs: 40_000 });
    const acted = lines().filter((l) => l.startsWith('new')).map((l) => /execution:(\d+:\d+)/.exec(l)?.[1]);
    expect(acted.filter((e) => e?.startsWith('1:'))).toEqual(['1:1', '1:2', '1:3']);
    expect(acted.filter((e) => e?.startsWith('2:'))).toEqual(['2:1', '2:3']);
    expect(lines().filter((l) => l.startsWith('repeat'))).toHaveLength(4);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
});
