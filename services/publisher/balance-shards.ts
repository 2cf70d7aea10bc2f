/** How many shards a relay should give back, or take. */
export interface Balance {
  giveBack: number;
  take: number;
}

/**
 * The fair share of one relay among `living` ones (itself included): nobody has more than the rounded-up share, so that
 * what is given back suffices for everybody.
 */
export function balanceShards(owned: number, shards: number, living: number): Balance {
  const share = Math.ceil(shards / Math.max(1, living));
  return { giveBack: Math.max(0, owned - share), take: Math.max(0, share - owned) };
}
