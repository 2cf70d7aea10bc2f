import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Caller } from '../../../shared/access/caller.ts';

/** One request, as handlers see it. */
export interface Call {
  req: IncomingMessage;
  url: URL;
  /** Parts of the path, such as `id`. */
  params: Record<string, string>;
  /** Who calls; the door finds out. */
  caller: Caller;
  requestId: string;
  /** W3C traceparent: the caller's trace, or a new one; the span is ours. */
  trace: string;
  /** Monotonic ms. */
  startedAt: number;
  deadlineAt: number;
  /** Has something done once the answer is out, or nobody can get it any more. */
  onEnd: (then: () => void) => void;
}

/** What a handler answers; `body` is JSON text unless the content type says otherwise. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  contentType?: string;
  body?: string | Buffer | Readable;
  /** The stream tells what becomes of something while that becomes: each piece leaves at once, and silence is no fault of the client's. */
  live?: true;
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * The URL of a request; its host says nothing.
 * @throws ProblemError 400 `invalid-path` where the request's target is no URL
 */
export function urlOf(req: IncomingMessage): URL {
  const target = req.url ?? '/';
  // Behind a base, a path that begins with two slashes would count as a host.
  const url = target.startsWith('/') ? URL.parse(`http://sluice.local${target}`) : URL.parse(target, 'http://sluice.local');
  if (url === null) throw invalidPath();
  return url;
}

/** 400: the path cannot be read. */
export function invalidPath(): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid-path', title: 'Invalid path', detail: 'The path of the request cannot be read; perhaps a percent sign in it stands for itself and must be written %25.' });
}

/** The caller's request id, or a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : randomUUID();
}
