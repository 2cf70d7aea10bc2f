import { createServer, type AddressInfo } from 'node:net';
import { assertPortFree, freePort, freePorts } from '../../../../shared/runtime/servers/free-port.ts';

test('free ports differ, can be had, and are none that the system gives to whoever asks for any', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) await assertPortFree(port, 'the test');
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test('a port that somebody has is said to be taken, by whom it was wanted', async () => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((listens) => server.listen(port, '127.0.0.1', listens));
  try {
    expect((server.address() as AddressInfo).port).toBe(port);
    await expect(assertPortFree(port, 'Kafka')).rejects.toThrow(`Kafka cannot have port ${port}`);
  } finally {
    await new Promise((closed) => server.close(closed));
  }
});
