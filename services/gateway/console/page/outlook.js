import { span } from './format.js';

/** Moments that are compared: ten seconds. */
const OVER = 10;
/** A change of less than this share of what is sent is none. */
const STEADY_SHARE = 0.05;

/** When what waits for its sinks will be gone, at the rates of the last seconds. @param {{ at: number, backlog: number, delivered: number | null }[]} moments */
export function outlook(moments) {
  const [first, last] = [moments.at(-OVER - 1) ?? moments[0], moments.at(-1)];
  if (last === undefined || last.backlog === 0 || last.at <= first.at) return undefined;
  const growth = (last.backlog - first.backlog) / (last.at - first.at);
  if (Math.abs(growth) <= (last.delivered ?? 0) * STEADY_SHARE) return (last.delivered ?? 0) > 0 ? 'steady' : 'the backlog stands';
  return growth > 0 ? 'the backlog grows' : `delivered in about ${span(last.backlog / -growth)}`;
}
