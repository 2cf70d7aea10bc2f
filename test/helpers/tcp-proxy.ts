import { startLink } from '../../bin/prove/net/start-link.ts';

export interface TcpProxy {
  port: number;
  /** Connections that stand now. */
  readonly connections: number;
  /** Resolves once, when a client next sends a piece of data that contains `text`; the piece is passed on all the same. */
  whenSent(text: string): Promise<void>;
  /** Keeps back what the server answers from now on, or lets it through again (what was kept goes first). */
  answers(gate: 'open' | 'closed'): void;
  /** Breaks every connection, both sides. */
  cut(): void;
  /** Breaks every connection and refuses new ones, or takes them again. */
  refuse(on: boolean): void;
  close(): Promise<void>;
}

/** A link in front of a server, for tests that cut connections, hold answers back, or refuse. */
export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const watchers: { text: string; seen: () => void }[] = [];
  const onSent = (data: Buffer) => {
    for (const watcher of watchers.filter(({ text }) => data.includes(text))) {
      watchers.splice(watchers.indexOf(watcher), 1);
      watcher.seen();
    }
  };
  const link = await startLink({ name: 'test->server', from: 'test', to: 'postgres', target, onSent });
  return {
    port: link.port,
    get connections() {
      return link.connections;
    },
    whenSent: (text) => new Promise((seen) => watchers.push({ text, seen })),
    answers: (gate) => (gate === 'open' ? link.mend() : link.halve('back')),
    cut: () => link.reset(),
    refuse: (on) => (on ? link.cut() : link.mend()),
    close: () => link.close(),
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
