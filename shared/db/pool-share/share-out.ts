/** A node with what it asks for, and what it has. */
export interface Share {
  node: string;
  /** Connections that its pool is meant to have. */
  wanted: number;
  /** With fewer it cannot do its work. */
  least: number;
  /** That its pool may have open, or still has. */
  granted: number;
}

/**
 * Shares a number of connections out among nodes, those that joined first standing first: all that each wants where there is enough.
 * Else each gets the least it needs, in the order of joining and as long as it lasts, and what is left is shared among those in
 * proportion to what they lack. Who doesn't get its least gets none. Every node comes to the same, from the same list.
 * @returns by node; all together never more than `connections`
 */
export function shareOut(shares: readonly Share[], connections: number): Map<string, number> {
  const out = new Map(shares.map(({ node }) => [node, 0]));
  let left = Math.max(0, connections);
  const served: Share[] = [];
  for (const share of shares) {
    if (share.least > left) continue;
    left -= share.least;
    out.set(share.node, share.least);
    served.push(share);
  }
  const lacking = served.reduce((sum, { wanted, least }) => sum + wanted - least, 0);
  const part = lacking === 0 ? 0 : Math.min(1, left / lacking);
  for (const { node, wanted, least } of served) {
    const more = Math.floor((wanted - least) * part);
    out.set(node, least + more);
    left -= more;
  }
  for (const { node, wanted } of served) {
    const has = out.get(node) ?? 0;
    if (left === 0 || has >= wanted) continue;
    out.set(node, has + 1);
    left--;
  }
  return out;
}

/**
 * What the pool of a node may have open now: its share, as far as the others have let go of what they had.
 * @param open connections that it has open: they count until they are closed
 */
export function grantOf(self: Omit<Share, 'granted'>, shares: readonly Share[], connections: number, open: number): { max: number; granted: number } {
  const others = shares.filter(({ node }) => node !== self.node);
  const mine: Share = { ...self, granted: 0 };
  const all = shares.some(({ node }) => node === self.node) ? shares.map((share) => (share.node === self.node ? mine : share)) : [...shares, mine];
  const free = connections - others.reduce((sum, { granted }) => sum + granted, 0);
  const max = Math.max(0, Math.min(shareOut(all, connections).get(self.node) ?? 0, free));
  return { max, granted: Math.max(max, open) };
}
