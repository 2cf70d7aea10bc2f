/** An edge that may want flushes. */
export interface EdgeDemand {
  edge: string;
  /** It had a chunk to write and no slot. */
  wanting: boolean;
}

/**
 * The fleet's flushes in flight, shared out among the edges: each has one, so that a request that comes to an idle edge does not wait for
 * the next round; the rest is for those that want more, or, where none does, for all. Equal shares; who comes first has the remainder.
 */
export function shareOut(limit: number, edges: readonly EdgeDemand[]): Record<string, number> {
  const wanting = edges.filter((one) => one.wanting);
  const takers = wanting.length > 0 ? wanting : edges;
  const rest = Math.max(0, limit - edges.length);
  const more = new Map(takers.map(({ edge }, at) => [edge, Math.floor(rest / takers.length) + (at < rest % takers.length ? 1 : 0)]));
  return Object.fromEntries(edges.map(({ edge }) => [edge, 1 + (more.get(edge) ?? 0)]));
}
