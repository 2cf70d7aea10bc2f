import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Route } from '../routes-table.ts';
import type { Call } from './call.ts';

/** What answers a path or method that no route has: 405 with Allow, and with paths beside it that offer the method, where the path is known, else 404. */
export function fallbackHandler(routes: readonly Route[]): (call: Call) => never {
  const known = routes.map((route) => ({ method: route.method, pattern: patternOf(route.path) }));
  return ({ req, url }) => {
    const fixed = routes.filter((r) => r.path === url.pathname);
    const allow = [...new Set((fixed.length > 0 ? fixed : known.filter((k) => k.pattern.test(url.pathname))).map((k) => k.method))];
    if (allow.length > 0) {
      const beside = routes.filter((r) => r.method === req.method && !r.path.includes('{') && parentOf(r.path) === parentOf(url.pathname)).map((r) => r.path);
      const hint = beside.length === 0 ? '' : ` ${req.method} is offered for ${beside.join(', ')}.`;
      throw new ProblemError({ status: 405, code: 'method-not-allowed', title: 'Method not allowed', detail: `${req.method} is not offered here; ${allow.join(', ')} ${allow.length === 1 ? 'is' : 'are'}.${hint}`, headers: { Allow: allow.join(', ') } });
    }
    throw noSuchRoute();
  };
}

/**
 * Fixed paths that a route with a parameter would catch under a method which they do not offer, such as GET of
 * `/executions/batch` as the record of the id "batch".
 */
export function shadowedPaths(routes: readonly Route[]): Pick<Route, 'method' | 'path'>[] {
  const variable = routes.filter((r) => r.path.includes('{')).map((r) => ({ method: r.method, pattern: patternOf(r.path) }));
  return [...new Set(routes.map((r) => r.path).filter((path) => !path.includes('{')))].flatMap((path) =>
    variable.filter((v) => v.pattern.test(path) && !routes.some((r) => r.path === path && r.method === v.method)).map(({ method }) => ({ method, path })),
  );
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`);
}

/** 404: nothing is served there. */
export function noSuchRoute(): ProblemError {
  return new ProblemError({ status: 404, code: 'no-such-route', title: 'No such route', detail: 'Nothing is served under this path; /docs shows what is.' });
}
