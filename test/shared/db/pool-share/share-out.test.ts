import { grantOf, shareOut, type Share } from '../../../../shared/db/pool-share/share-out.ts';

const share = (node: string, wanted: number, least: number, granted = 0): Share => ({ node, wanted, least, granted });
const edge = (granted = 0) => share('edge', 8, 4, granted);
const writer = (granted = 0) => share('writer', 4, 2, granted);
const relay = (granted = 0) => share('relay', 12, 6, granted);
const out = (shares: readonly Share[], connections: number) => Object.fromEntries(shareOut(shares, connections));

describe('connections are shared out', () => {
  test.each<[string, readonly Share[], number, Record<string, number>]>([
    ['all that each wants, where there is enough', [edge(), writer(), relay()], 24, { edge: 8, writer: 4, relay: 12 }],
    ['no more than that, where there is more', [edge(), writer()], 500, { edge: 8, writer: 4 }],
    ['else the least each, and the rest by what they lack', [edge(), writer(), relay()], 18, { edge: 6, writer: 3, relay: 9 }],
    ['what does not divide goes to those that joined first', [edge(), writer(), relay()], 19, { edge: 7, writer: 3, relay: 9 }],
    ['just the least', [edge(), writer(), relay()], 12, { edge: 4, writer: 2, relay: 6 }],
    ['F11 who comes last and finds less than it needs gets none, and the others keep theirs', [edge(), writer(), relay()], 11, { edge: 8, writer: 3, relay: 0 }],
    ['a smaller one behind it is served all the same', [edge(), relay(), writer()], 9, { edge: 6, relay: 0, writer: 3 }],
    ['nothing where there is nothing', [edge()], 0, { edge: 0 }],
    ['nothing where the reserve is more than all', [edge()], -3, { edge: 0 }],
    ['nobody asks', [], 10, {}],
  ])('%s', (_, shares, connections, expected) => {
    expect(out(shares, connections)).toEqual(expected);
  });

  test('F11 never more than there are, and nobody less than its least or more than it wants, whatever the fleet', () => {
    let seed = 7;
    const random = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % (most + 1);
    for (let round = 0; round < 2_000; round++) {
      const shares = Array.from({ length: random(12) }, (_, i) => {
        const least = 1 + random(10);
        return share(`node-${i}`, least + random(10), least);
      });
      const connections = random(120);
      const given = shareOut(shares, connections);
      const sum = [...given.values()].reduce((a, b) => a + b, 0);
      expect(sum).toBeLessThanOrEqual(connections);
      for (const { node, wanted, least } of shares) {
        const has = given.get(node) ?? -1;
        expect(has === 0 || (has >= least && has <= wanted)).toBe(true);
      }
      // What is left over is wanted by nobody who has a share.
      if (sum < connections) for (const { node, wanted } of shares) expect([0, wanted]).toContain(given.get(node));
    }
  });
});

describe('what a node may have open now', () => {
  test('who joins gets what the others have let go of, not what they will', () => {
    expect(grantOf(relay(), [edge(8), writer(4)], 18, 0)).toEqual({ max: 6, granted: 6 });
    expect(grantOf(relay(), [edge(6), writer(3), relay(6)], 18, 6)).toEqual({ max: 9, granted: 9 });
  });

  test('who has to shrink counts with all it still has open, until it is closed', () => {
    expect(grantOf(edge(), [edge(8), writer(4), relay()], 18, 8)).toEqual({ max: 6, granted: 8 });
    expect(grantOf(edge(), [edge(8), writer(4), relay()], 18, 5)).toEqual({ max: 6, granted: 6 });
  });

  test('who is short grows when others leave', () => {
    expect(grantOf(relay(), [edge(6), relay(9)], 18, 9)).toEqual({ max: 10, granted: 10 });
    expect(grantOf(relay(), [relay(9)], 18, 9)).toEqual({ max: 12, granted: 12 });
  });

  test('nobody is refused for a node that waits and can never be served', () => {
    expect(grantOf(edge(), [edge(8), writer(4), share('huge', 100, 50)], 18, 8)).toEqual({ max: 8, granted: 8 });
  });
});
