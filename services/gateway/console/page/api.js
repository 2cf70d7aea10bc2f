/** What the server answered instead of what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: no answer at all
   * @param {{ code?: string, title?: string, detail?: string }} problem
   */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? 'unknown';
  }
}

let token = null;
let onLoggedOut = () => undefined;

/** Sets what changes are sent with, and who hears that the session is over. The token lives here alone: nothing of it is stored. */
export function useSession(sessionToken, loggedOut) {
  token = sessionToken;
  onLoggedOut = loggedOut;
}

/**
 * Asks the server.
 * @param {string} path
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<any>} the JSON of its answer; undefined where there is none
 * @throws {ApiError}
 */
export async function ask(path, { method = 'GET', body, signal } = {}) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') {
    headers['Sluice-Operator'] = 'console';
    if (token !== null) headers['Sluice-Token'] = token;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(path, { method, headers, signal, credentials: 'same-origin', cache: 'no-store', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { code: 'no-answer', detail: 'Sluice does not answer. It may be starting again, or the network is away.' });
  }
  const text = await response.text();
  const answer = parse(text);
  if (response.ok) return answer;
  if (response.status === 401 && path !== '/console/session') onLoggedOut();
  throw new ApiError(response.status, answer ?? {});
}

function parse(text) {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
