import type { IncomingMessage } from 'node:http';

type Asked = Pick<IncomingMessage, 'headers' | 'method'>;

/**
 * Whether a request may be one that a page of another origin had a browser make. What no browser sent has neither header.
 * Sec-Fetch-Site is the browser's own word, which no page can set; a browser without it names the page's origin for every change.
 */
export function isForeign({ headers }: Asked): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && !isOriginOf(origin, headers.host);
}

/** Whether a request is surely one of our own page. */
export function isOwnPage({ headers }: Asked): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return headers.origin !== undefined && isOriginOf(headers.origin, headers.host);
}

/** Whether a request can change something. */
export function isChange({ method }: Asked): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/**
 * Whether a browser was led here under a name that is not this machine's: a page whose name was made to point to this machine counts as of
 * the same origin, and only its name gives it away.
 */
export function isMisled({ headers }: Asked): boolean {
  const { host = '' } = headers;
  return headers['sec-fetch-site'] !== undefined && !/^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

/** Whether the page is under TLS, whoever ends that: a browser names the scheme of its page. */
export function isSecure({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  return (socket as { encrypted?: boolean }).encrypted === true || headers.origin?.startsWith('https://') === true;
}

function isOriginOf(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.parse(origin)?.host === host.toLowerCase();
}
