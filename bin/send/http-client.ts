import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { keyHeader } from '../access-key.ts';

/** An answer, read to its end. */
export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface Ask {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Longest time until the answer has been read, in ms. */
  timeoutMs: number;
}

/** A request whose body or answer is a stream. */
export interface StreamAsk {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  headers?: Record<string, string>;
  /** Sent as fast as the server takes it; destroyed when the server answers before its end. */
  body?: Readable;
  /** Ends the request and the reading of its answer. */
  signal: AbortSignal;
  /** Longest time without any byte, in ms; unbounded if not given. */
  silenceMs?: number;
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
      const sent = request(url, { method, agent: this.#agent, headers: { ...keyHeader(), ...headers, ...length } });
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      const fail = (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(new NoReply(reasonOf(error), NEVER_SENT.has(error.code ?? ''), error));
      };
      sent.once('error', fail);
      sent.once('response', (response) => {
        wholeOf(response).then((reply) => {
          clearTimeout(timer);
          resolve(reply);
        }, fail);
      });
      sent.end(body);
    });
  }

  /**
   * Gives the answer as soon as it begins. An answer that breaks off is an error of its stream; a body that can't be read is
   * an error of the body's own, which comes out as it is.
   * @throws NoReply when no answer came
   */
  open({ method, path, headers = {}, body, signal, silenceMs }: StreamAsk): Promise<http.IncomingMessage> {
    const url = new URL(this.#base.pathname.replace(/\/$/, '') + path, this.#base);
    const request = this.#base.protocol === 'https:' ? https.request : http.request;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent: this.#agent, headers: { ...keyHeader(), ...headers }, signal });
      if (silenceMs !== undefined) sent.setTimeout(silenceMs, () => sent.destroy(new Error(`nothing came for ${silenceMs / 1000} s`)));
      // Stays for good: what breaks after the answer began shows in the answer's stream.
      sent.on('error', (error: NodeJS.ErrnoException) => {
        body?.destroy();
        reject(new NoReply(reasonOf(error), NEVER_SENT.has(error.code ?? ''), error));
      });
      sent.once('response', (response) => {
        body?.unpipe(sent).destroy();
        resolve(response);
      });
      body?.on('error', (error) => {
        reject(error);
        sent.destroy();
      });
      if (body === undefined) sent.end();
      else body.pipe(sent);
    });
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Reads an answer to its end. Rejects with the stream's error where it breaks off. */
export async function wholeOf(response: http.IncomingMessage): Promise<Reply> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString('utf8') };
}

/** Errors of several addresses (IPv4 and IPv6) come as one with an empty message. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.message !== '') return error.message;
  const inner = (error as { errors?: unknown }).errors;
  return Array.isArray(inner) && inner[0] instanceof Error ? inner[0].message : (error.code ?? 'the connection failed');
}
