/** A year, in seconds: what HSTS needs to count (RFC 6797). */
const HSTS_S = 31_536_000;

/**
 * Headers of every answer: it is what its Content-Type says, no page may frame it, embed it or learn where a reader came from, and under TLS a
 * browser comes back by TLS only. Nothing of CORS: pages of other origins are not let in. A page sets a policy of its own.
 */
export function securityHeaders(isTls: boolean): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(isTls ? { 'Strict-Transport-Security': `max-age=${HSTS_S}` } : {}),
  };
}
