/** The fleet's flushes in flight, shared out equally among its writers: each has at least one, and none more than it runs at most. */
export function shareOut(limit: number, writers: readonly { nodeId: string; most: number }[]): Record<string, number> {
  const shares = new Map(writers.map(({ nodeId }) => [nodeId, 1]));
  let left = limit - shares.size;
  while (left > 0) {
    const room = writers.filter(({ nodeId, most }) => (shares.get(nodeId) ?? 1) < most);
    if (room.length === 0) break;
    for (const { nodeId } of room.slice(0, left)) shares.set(nodeId, (shares.get(nodeId) ?? 1) + 1);
    left -= room.length;
  }
  return Object.fromEntries(shares);
}
