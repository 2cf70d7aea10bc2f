import { Pool } from 'undici';
import type { Settings } from '../config/settings.ts';

export type HttpLimits = Pick<Settings, 'httpKeepAlive' | 'httpConnections' | 'httpConnectionsPerOrigin'>;

/** What one origin's calls may take, in ms. */
export interface CallTimes {
  connectMs: number;
  /** From the request until its answer has come in whole. */
  responseMs: number;
  /** Connections that are enough for it; without, as many as one origin may have. */
  most?: number;
}

/** An answer, read to its end. */
export interface HttpReply {
  status: number;
  text: string;
}

export interface HttpCall {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  /** JSON text. */
  body?: string;
  /** Beside those of the content. */
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** A kept set of connections to one origin. */
export interface HttpPool {
  /** Any answer resolves, whatever its status; no answer, or one longer than 8 MB, throws. */
  call(call: HttpCall): Promise<HttpReply>;
  readonly connections: number;
}

const LONGEST_ANSWER = 8_388_608;

/** The connections of one node to other services: bounded in all, and for each origin. */
export class HttpPools {
  readonly #limits: HttpLimits;
  readonly #pools: Pool[] = [];
  #left: number;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.#left = limits.httpConnections;
  }

  /**
   * Opens a pool for one origin, with its share of the connections that are left.
   * @throws Error when other origins have them all
   */
  open(url: string, times: CallTimes): HttpPool {
    const { origin, pathname } = new URL(url);
    const connections = Math.min(this.#left, this.#limits.httpConnectionsPerOrigin, times.most ?? Infinity);
    if (connections < 1) throw new Error(`no connection is left for ${origin}: HTTP_CONNECTIONS is ${this.#limits.httpConnections}`);
    this.#left -= connections;
    const { httpKeepAlive } = this.#limits;
    const pool = new Pool(origin, {
      connections, pipelining: 1, keepAliveTimeout: httpKeepAlive, keepAliveMaxTimeout: httpKeepAlive, connect: { timeout: times.connectMs },
      headersTimeout: times.responseMs, bodyTimeout: times.responseMs, maxResponseSize: LONGEST_ANSWER,
    });
    this.#pools.push(pool);
    const base = pathname.replace(/\/+$/, '');
    return {
      connections,
      async call({ method, path, body, headers = {}, signal }) {
        const late = AbortSignal.timeout(times.connectMs + times.responseMs);
        const response = await pool.request({
          method, path: base + path, headers: { ...headers, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body }), signal: signal === undefined ? late : AbortSignal.any([late, signal]),
        });
        return { status: response.statusCode, text: await response.body.text() };
      },
    };
  }

  /** Ends all connections; calls under way fail. Twice is fine. */
  async close(): Promise<void> {
    await Promise.all(this.#pools.splice(0).map((pool) => pool.destroy()));
  }
}

/** Whether a failed call surely sent nothing: its connection never came to be. */
export function neverSent(error: unknown): boolean {
  const { code, syscall, errors } = error as { code?: unknown; syscall?: unknown; errors?: unknown };
  // Of a name with several addresses, each of which was tried.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(neverSent);
  return code === 'UND_ERR_CONNECT_TIMEOUT' || syscall === 'connect' || syscall === 'getaddrinfo';
}

/** A failure's code, for metrics and messages: of undici, of Node, or the error's name. */
export function failureCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
