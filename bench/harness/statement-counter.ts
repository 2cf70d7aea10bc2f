import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to PostgreSQL that counts what goes through. */
export interface StatementCounter {
  /** The database's address, through the counter. */
  url: string;
  /** Statements sent so far: executions of the extended protocol, and simple queries. */
  count(): number;
  close(): Promise<void>;
}

const EXECUTE = 'E'.charCodeAt(0);
const QUERY = 'Q'.charCodeAt(0);

/** Stands between clients and PostgreSQL, and counts the statements on the wire, whoever sends them. */
export async function countStatements(databaseUrl: string): Promise<StatementCounter> {
  const to = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    const seen = frontendMessages((type) => {
      if (type === EXECUTE || type === QUERY) statements++;
    });
    client.on('data', seen);
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy()); // a cut connection is cut on both sides; who used it is told
      one.on('close', () => sockets.delete(one));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    count: () => statements,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/**
 * Reads the types of a client's messages from the pieces in which they arrive. Each message is a type byte and a length that
 * counts itself; the first one of a connection has no type (PostgreSQL's protocol, "Message Formats").
 */
export function frontendMessages(onMessage: (type: number) => void): (bytes: Buffer) => void {
  let head: number[] = [];
  let headLength = 4;
  let skip = 0;
  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (skip > 0) {
        const step = Math.min(skip, bytes.length - at);
        skip -= step;
        at += step;
        continue;
      }
      head.push(bytes[at++] as number);
      if (head.length < headLength) continue;
      skip = Buffer.from(head).readInt32BE(headLength - 4) - 4;
      if (headLength === 5) onMessage(head[0] as number);
      head = [];
      headLength = 5;
    }
  };
}
