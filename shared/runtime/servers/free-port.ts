import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/**
 * `count` different ports that are free on 127.0.0.1 at this moment. Another process may still take one before it is used.
 */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is known: a port that was closed at once could be handed out again.
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map(close));
  return ports;
}

/** One port that is free on 127.0.0.1 at this moment. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/**
 * Checks that nobody listens on this port of 127.0.0.1: asked whether it is ready, a server that cannot have its port would seem to be,
 * for another one answers there. Fails with an error that a person can act on.
 */
export async function assertPortFree(port: number, name: string): Promise<void> {
  const server = await listen(port).catch((cause: unknown) => {
    throw new Error(`${name} cannot have port ${port}: address already in use. Stop what listens there, or choose another port.`, { cause });
  });
  await close(server);
}

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
