import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

/**
 * Below the ports that the system itself gives to outgoing connections and to whoever asks for any (from 32768 on Linux, 49152 elsewhere): one of those, free
 * now, is soon somebody's, and a server that is to have it later finds it taken.
 */
const [LOWEST, BEYOND] = [16_384, 32_768];
const TRIES = 100;

/**
 * `count` different ports that are free on 127.0.0.1 at this moment. Only somebody who chooses the same one by himself can take it before it is used.
 */
export async function freePorts(count: number): Promise<number[]> {
  // Each is held until the last is known, so that they differ.
  const held = new Map<number, Server>();
  try {
    for (let tries = 0; held.size < count; tries++) {
      const port = randomInt(LOWEST, BEYOND);
      const server = held.has(port) ? undefined : await listen(port).catch((cause: unknown) => {
        if (tries >= TRIES + count) throw new Error(`no free port of 127.0.0.1 was found among ${LOWEST} to ${BEYOND - 1}`, { cause });
        return undefined;
      });
      if (server !== undefined) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(close));
  }
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
