import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellReader } from '../body/read-body.ts';

/** Longest time for the headers of a request. */
const HEADERS_MS = 10_000;
/** Longer than the usual load balancer's 60 s, so that it is never we who close a connection it is about to use. */
const KEEP_ALIVE_MS = 65_000;
const LOOK_MS = 20;
/** Uploads of large batches may take hours; stopping the batcher ends them, and their senders go on elsewhere. */
const UPLOADS = /^\/api\/v1\/batches\//;
/** By server: the answers that are owed, but for uploads. */
const unanswered = new WeakMap<Server, Set<ServerResponse>>();

/** Sets the server's own limits; the call's deadline is kept by the call. */
export function tuneServer(server: Server): void {
  server.headersTimeout = HEADERS_MS;
  // A large upload may take hours; every other body has the deadline of its call, and what is left unread is closed with its answer.
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const open = new Set<ServerResponse>();
  unanswered.set(server, open);
  server.prependListener('request', (req: IncomingMessage, res: ServerResponse) => {
    if (req.method !== 'GET' && req.method !== 'HEAD' && UPLOADS.test(req.url ?? '')) return;
    open.add(res);
    res.once('close', () => open.delete(res));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // A broken body is answered by whoever reads it.
    if (tellReader(error, socket)) return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
    const body = JSON.stringify({ type: 'urn:sluice:problem:bad-http', title: 'Not an HTTP request that can be read', status: Number(status.slice(0, 3)), detail: status.slice(4), message: status.slice(4), code: 'bad-http' });
    socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  });
}

/**
 * Stops taking connections, closes those that idle, and resolves when every request that was taken in (but for uploads) has its answer, or after
 * `withinMs`: a request whose body is still being read must find its database and its writers.
 */
export async function closeServer(server: Server, withinMs: number): Promise<void> {
  if (!server.listening) return;
  server.prependListener('request', (_req, res: { setHeader(name: string, value: string): void }) => res.setHeader('Connection', 'close'));
  server.close();
  server.closeIdleConnections();
  const open = unanswered.get(server);
  const until = performance.now() + withinMs;
  while (open !== undefined && open.size > 0 && performance.now() < until) await sleep(LOOK_MS);
  server.closeIdleConnections();
}
