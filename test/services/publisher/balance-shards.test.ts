import { balanceShards } from '../../../services/publisher/balance-shards.ts';

test('all shards have an owner and nobody more than the rounded-up share, however many relays there are', () => {
  for (let living = 1; living <= 40; living++) {
    let free = 32;
    const owned = Array.from({ length: living }, () => {
      const { take } = balanceShards(0, 32, living);
      const taken = Math.min(take, free);
      free -= taken;
      return taken;
    });
    expect([living, free]).toEqual([living, 0]);
    for (const count of owned) expect(balanceShards(count, 32, living).giveBack).toBe(0);
  }
});

test('what is too much for the share is given back', () => {
  expect(balanceShards(32, 32, 2)).toEqual({ giveBack: 16, take: 0 });
  expect(balanceShards(16, 32, 3)).toEqual({ giveBack: 5, take: 0 });
});
