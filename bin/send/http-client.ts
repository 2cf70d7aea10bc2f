import http from 'node:http';
import https from 'node:https';

/** An answer, read to its end. */
export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface Ask {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Longest time until the answer has been read, in ms. */
  timeoutMs: number;
}

/** No answer came. `neverSent` says that the server can't have seen the request. */
export class NoReply extends Error {
  readonly neverSent: boolean;
  constructor(message: string, neverSent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NoReply';
    this.neverSent = neverSent;
  }
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Requests to one server over connections that are kept. Plain node:http: its agent bounds the connections, and it starts without loading undici. */
export class HttpClient {
  readonly #base: URL;
  readonly #agent: http.Agent;

  /** @param base address of the server; a path in it comes before every request's path */
  constructor(base: URL, connections: number) {
    this.#base = base;
    const options = { keepAlive: true, maxSockets: connections };
    this.#agent = base.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /** @throws NoReply when no whole answer came, for whatever reason */
  ask({ method, path, headers = {}, body, timeoutMs }: Ask): Promise<Reply> {
    const url = new URL(this.#base.pathname.replace(/\/$/, '') + path, this.#base);
    const request = this.#base.protocol === 'https:' ? https.request : http.request;
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': String(body.length) };
      const sent = request(url, { method, agent: this.#agent, headers: { ...headers, ...length } });
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      const fail = (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(new NoReply(reasonOf(error), NEVER_SENT.has(error.code ?? ''), error));
      };
      sent.once('error', fail);
      sent.once('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', fail);
        response.once('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString('utf8') });
        });
      });
      sent.end(body);
    });
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Errors of several addresses (IPv4 and IPv6) come as one with an empty message. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.message !== '') return error.message;
  const inner = (error as { errors?: unknown }).errors;
  return Array.isArray(inner) && inner[0] instanceof Error ? inner[0].message : (error.code ?? 'the connection failed');
}
