import http from 'node:http';

export interface Question {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Longest wait for the whole answer, in ms. */
  timeoutMs: number;
  /** The client goes away so many ms after it began, whatever it has sent. */
  vanishMs?: number;
  /** Ends it at once when it aborts. */
  stopped: AbortSignal;
}

export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** No whole answer came. `gaveUp`: the client itself ended it; else the other side or the wire did. */
export interface Unanswered {
  none: string;
  gaveUp: boolean;
  /** The whole request had left this process. */
  sentWhole: boolean;
}

/** Connections that are kept, as clients do. Bounded, for a run opens thousands. */
export function clientAgent(): http.Agent {
  return new http.Agent({ keepAlive: true, maxSockets: 64 });
}

/** Asks once, and never tries again by itself: what no answer means is the caller's to think about. */
export function ask(edge: string, { method, path, headers = {}, body, timeoutMs, vanishMs, stopped }: Question, agent: http.Agent): Promise<Answered | Unanswered> {
  return new Promise((resolve) => {
    let gaveUp = false;
    let sentWhole = false;
    const own = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
    const request = http.request(new URL(path, edge), { method, agent, headers: { ...own, ...headers } });
    const give = (why: string) => {
      gaveUp = true;
      request.destroy(new Error(why));
    };
    const timers = [setTimeout(() => give(`no answer in ${timeoutMs} ms`), timeoutMs), ...(vanishMs === undefined ? [] : [setTimeout(() => give('the client vanished'), vanishMs)])];
    const onStopped = () => give('the run was stopped');
    stopped.addEventListener('abort', onStopped, { once: true });
    const done = (outcome: Answered | Unanswered) => {
      for (const timer of timers) clearTimeout(timer);
      stopped.removeEventListener('abort', onStopped);
      resolve(outcome);
    };
    const fail = (error: Error) => done({ none: error.message === '' ? ((error as NodeJS.ErrnoException).code ?? 'no connection') : error.message, gaveUp, sentWhole });
    request.once('finish', () => (sentWhole = true));
    request.on('error', fail);
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', fail);
      // A connection that breaks within an answer without a length ends it just the same.
      response.once('close', () => {
        if (!response.complete) return fail(new Error('the answer broke off'));
        done({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString('utf8') });
      });
    });
    request.end(body);
  });
}
