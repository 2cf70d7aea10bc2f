import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { pino } from 'pino';
import { kafkaClient, plainProducer } from '../../../services/publisher/kafka-client.ts';

let server: Server;
let connections: number;
beforeEach(async () => {
  connections = 0;
  server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined).destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test('F33 the client tries nothing twice: who is to try again is decided elsewhere', async () => {
  const kafka = kafkaClient({ kafkaBrokers: `127.0.0.1:${(server.address() as AddressInfo).port}`, kafkaRequestTimeout: 2_000, kafkaTls: false, kafkaCa: '', kafkaSasl: 'none', kafkaCredentials: '', namespace: 'n' }, 'test', pino({ level: 'silent' }));
  const producer = plainProducer(kafka);
  await expect(producer.connect()).rejects.toThrow();
  expect(connections).toBe(1);
  await expect(producer.send({ topic: 't', messages: [{ value: 'x', partition: 0 }] })).rejects.toThrow();
  expect(connections).toBeLessThanOrEqual(2);
  await producer.disconnect();
});
