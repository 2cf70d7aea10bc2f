/** An edge that may want flushes. */
export interface EdgeDemand {
  edge: string;
  /** It had a chunk to write and no slot. */
  wanting: boolean;
}

/**
 * The fleet's flushes in flight, shared out equally among the edges that want them, or, where none does, among all; who comes first has
 * the remainder. Every edge has at least one, beside the others' if need be: a request that comes to an idle edge does not wait for the next
 * round, and what an idle edge leaves unused is not taken from those at work.
 */
export function shareOut(limit: number, edges: readonly EdgeDemand[]): Record<string, number> {
  const wanting = edges.filter((one) => one.wanting);
  const takers = wanting.length > 0 ? wanting : edges;
  const share = new Map(takers.map(({ edge }, at) => [edge, Math.floor(limit / takers.length) + (at < limit % takers.length ? 1 : 0)]));
  return Object.fromEntries(edges.map(({ edge }) => [edge, Math.max(1, share.get(edge) ?? 1)]));
}
