import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Lane } from './lane.ts';
import type { Direction, LinkOptions, OwnedLink, Rewriter } from './link.ts';

interface Connection {
  client: Socket;
  server: Socket;
  lanes: readonly Lane[];
}

/**
 * Starts a TCP proxy that stands for a wire, and resolves when it listens on 127.0.0.1.
 * @throws Error when the port it was given is taken
 */
export async function startLink({ name, from, to, target, port = 0, onSent }: LinkOptions): Promise<OwnedLink> {
  const connections = new Set<Connection>();
  const delays: Record<Direction, number> = { there: 0, back: 0 };
  const closed: Record<Direction, boolean> = { there: false, back: false };
  let isCut = false;
  let makeRewriter: (() => Rewriter) | undefined;

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (isCut) {
      client.on('error', () => undefined);
      return void client.resetAndDestroy();
    }
    if (onSent) client.on('data', onSent);
    connections.add(join(client));
  });

  const join = (client: Socket): Connection => {
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const rewriter = makeRewriter?.();
    const lane = (source: Socket, sink: Socket, direction: Direction) =>
      new Lane(source, sink, { delayMs: () => delays[direction], closed: () => closed[direction], ...(rewriter && { rewrite: rewriter[direction] }) });
    const connection: Connection = { client, server, lanes: [lane(client, server, 'there'), lane(server, client, 'back')] };
    const over = () => {
      if (!client.destroyed || !server.destroyed) return;
      for (const one of connection.lanes) one.end();
      connections.delete(connection);
    };
    // Why a socket broke doesn't matter: its lane passes it on, in its turn.
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', over);
    return connection;
  };
  const flush = () => {
    for (const { lanes } of connections) for (const one of lanes) one.flush();
  };
  const reset = () => {
    for (const { client, server } of connections) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  await listen(listener, port);
  const link: OwnedLink = {
    name, from, to, reset,
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return connections.size;
    },
    cut() {
      isCut = true;
      for (const { client, server } of connections) {
        client.destroy();
        server.destroy();
      }
    },
    delay(ms, direction) {
      for (const one of direction === undefined ? (['there', 'back'] as const) : [direction]) delays[one] = ms;
      flush();
    },
    halve(direction) {
      closed[direction] = true;
    },
    rewrite(make) {
      makeRewriter = make;
      reset();
    },
    mend() {
      isCut = false;
      makeRewriter = undefined;
      delays.there = delays.back = 0;
      closed.there = closed.back = false;
      flush();
    },
    async close() {
      isCut = true;
      reset();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return link;
}

function listen(listener: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, '127.0.0.1', () => {
      listener.off('error', reject);
      resolve();
    });
  });
}
