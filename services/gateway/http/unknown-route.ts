import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Route } from '../routes-table.ts';
import type { Call } from './call.ts';

/** What answers a path or method that no route has: 405 with Allow where the path is known, else 404. */
export function fallbackHandler(routes: readonly Route[]): (call: Call) => never {
  const known = routes.map((route) => ({ method: route.method, pattern: new RegExp(`^${route.path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`) }));
  return ({ req, url }) => {
    const allow = [...new Set(known.filter((k) => k.pattern.test(url.pathname)).map((k) => k.method))];
    if (allow.length > 0) {
      throw new ProblemError({ status: 405, code: 'method-not-allowed', title: 'Method not allowed', detail: `${req.method} is not offered here; ${allow.join(', ')} ${allow.length === 1 ? 'is' : 'are'}.`, headers: { Allow: allow.join(', ') } });
    }
    throw noSuchRoute();
  };
}

/** 404: nothing is served there. */
export function noSuchRoute(): ProblemError {
  return new ProblemError({ status: 404, code: 'no-such-route', title: 'No such route', detail: 'Nothing is served under this path; /docs shows what is.' });
}
