import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/**
 * `count` different ports that are free on 127.0.0.1 at this moment. Another process may still take one before it is used.
 */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is known: a port that was closed at once could be handed out again.
  const held = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One port that is free on 127.0.0.1 at this moment. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
