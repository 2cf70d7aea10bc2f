import { userInfo } from 'node:os';
import { KEY_HINT } from '../access-key.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { HttpClient, NoReply, type Ask, type Reply } from '../send/http-client.ts';

/** How Sluice is asked, and by whom. */
export interface Asker {
  url: URL;
  operator: string;
}

const TIMEOUT_MS = 30_000;

/** The name that the audit gets where none is given: that of the account, if it can be sent. */
export function operatorName(): string {
  try {
    const { username } = userInfo();
    return /^[\x21-\x7e]{1,100}$/.test(username) ? username : 'anonymous';
  } catch {
    return 'anonymous'; // an account without a name, as in some containers
  }
}

/**
 * Asks one question and reads the answer.
 * @throws CliError with what Sluice says: exit code 1 where it is not possible (any more), 2 where the question is wrong, 3 where Sluice can't answer
 */
export async function ask<T>({ url, operator }: Asker, method: Ask['method'], path: string, body?: unknown): Promise<T> {
  const http = new HttpClient(url, 1);
  let reply: Reply;
  try {
    const sent = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    reply = await http.ask({ method, path, headers: { 'Sluice-Operator': operator, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }, ...sent, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof NoReply) throw new CliError(`No Sluice answers at ${url.href} (${error.message}). \`npm start\` starts one; --url names another.`, EXIT.system, error);
    throw error;
  } finally {
    http.close();
  }
  const answer = parsed(reply.body);
  if (reply.status >= 200 && reply.status < 300 && answer !== undefined) return answer as T;
  const { code, detail } = (answer ?? {}) as { code?: string; detail?: string };
  const says = reply.status === 401 && detail !== undefined ? `${detail} ${KEY_HINT}` : detail ?? `${url.href} answers ${reply.status}: ${reply.body.slice(0, 200)}`;
  const possible = reply.status === 404 || reply.status === 409 || code === 'nothing-matches';
  throw new CliError(says, possible && code !== 'no-such-route' ? EXIT.failed : reply.status >= 400 && reply.status < 500 ? EXIT.usage : EXIT.system);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not Sluice's answer: it is shown as it is
  }
}

/** A path with those parameters that are there. */
export function withQuery(path: string, parameters: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams(Object.entries(parameters).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]])));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
