import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** What a proxy does with the bytes of one direction: passes them on, or keeps them back. */
type Gate = 'open' | 'closed';

export interface TcpProxy {
  port: number;
  /** Connections that stand now. */
  readonly connections: number;
  /** Calls back once, with the bytes, for the next piece of data a client sends that contains `text`; the piece is passed on first. */
  whenSent(text: string): Promise<void>;
  /** Keeps back what the server answers from now on, or lets it through again (what was kept goes first). */
  answers(gate: Gate): void;
  /** Breaks every connection, both sides. */
  cut(): void;
  /** Refuses new connections, or takes them again. */
  refuse(on: boolean): void;
  close(): Promise<void>;
}

/** A TCP proxy in front of a server, for tests that cut connections, hold answers back, or refuse. */
export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket; kept: Buffer[] }>();
  const watchers: { text: string; seen: () => void }[] = [];
  let gate: Gate = 'open';
  let refusing = false;
  const listener = createServer((client) => {
    if (refusing) return void client.destroy();
    const server = connect(target);
    const pair = { client, server, kept: [] as Buffer[] };
    pairs.add(pair);
    const end = () => {
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end).setNoDelay(true);
    client.on('data', (data) => {
      server.write(data);
      for (const watcher of [...watchers]) {
        if (!data.includes(watcher.text)) continue;
        watchers.splice(watchers.indexOf(watcher), 1);
        watcher.seen();
      }
    });
    server.on('data', (data) => {
      if (gate === 'open') client.write(data);
      else pair.kept.push(data);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    cut,
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    whenSent: (text) => new Promise((seen) => watchers.push({ text, seen })),
    answers(next) {
      gate = next;
      if (next === 'open') for (const pair of pairs) for (const data of pair.kept.splice(0)) pair.client.write(data);
    },
    refuse(on) {
      refusing = on;
    },
    async close() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** The same address with the proxy's host and port. */
export function throughProxy(url: string, proxy: Pick<TcpProxy, 'port'>): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}

/** Host and port of an address. */
export function targetOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
