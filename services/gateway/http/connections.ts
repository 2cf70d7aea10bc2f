import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Connections in their handshake beside those that count. */
const MOST_HANDSHAKES = 1_024;

/** Figures of a server's connections. */
export interface Connections {
  readonly open: number;
  /** Without a request in work: between requests, or before the head of the first is complete. */
  readonly idle: number;
}

/**
 * Bounds a server's connections. When one too many comes, the one that has idled longest is closed: a client that keeps
 * connections for later makes a new one. If all have requests in work, the newcomer is closed.
 * @param server before it has connections
 */
export function boundConnections(server: Server, max: number, onClosed: (reason: 'idle' | 'full') => void): Connections {
  let open = 0;
  /** The one that has idled longest comes first. */
  const idle = new Set<Socket>();
  /** Requests in work on a connection; a client may send the next ones before it has the first one's answer. */
  const inWork = new WeakMap<Socket, number>();
  // Under TLS a request's socket is the one that comes out of the handshake; those still in it are few, and short.
  const isTls = server instanceof TlsServer;
  if (isTls) server.maxConnections = max + MOST_HANDSHAKES;
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (open >= max) {
      const [oldest] = idle;
      onClosed(oldest === undefined ? 'full' : 'idle');
      if (oldest === undefined) {
        socket.destroy();
        return;
      }
      idle.delete(oldest);
      oldest.destroy();
    }
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
  });
  server.prependListener('request', ({ socket }: { socket: Socket }, res: ServerResponse) => {
    idle.delete(socket);
    inWork.set(socket, (inWork.get(socket) ?? 0) + 1);
    res.once('finish', () => {
      const left = (inWork.get(socket) ?? 1) - 1;
      inWork.set(socket, left);
      if (left === 0 && !socket.destroyed) idle.add(socket);
    });
  });
  return {
    get open() {
      return open;
    },
    get idle() {
      return idle.size;
    },
  };
}
