import { HELD_UP_MS, Slots } from '../../../services/batcher/slots.ts';

const taken = (slot: { nodeId: string } | { lookAgainMs: number | undefined }) => ('nodeId' in slot ? slot.nodeId : undefined);

describe('slots', () => {
  const of = (writers: number, slots: number, edges = 1) => {
    const all = new Slots();
    all.update(Array.from({ length: writers }, (_, i) => ({ nodeId: `w${i}`, slots, most: slots + 2 })), edges);
    return all;
  };

  test('full chunks use every slot, and one more waits in each writer', () => {
    const slots = of(2, 3);
    const got = Array.from({ length: 8 }, () => taken(slots.take(0, true)));
    expect(got.filter((w) => w === 'w0')).toHaveLength(4);
    expect(got.filter((w) => w === 'w1')).toHaveLength(4);
    expect(taken(slots.take(0, true))).toBeUndefined();
  });

  test('a lone request finds a slot at once, also where there is only one', () => {
    expect(taken(of(1, 1).take(0, false))).toBe('w0');
  });

  test('one chunk at a time goes to the writers in turn, and a writer that joins takes part at once', () => {
    const slots = of(1, 2);
    const next = (now: number) => {
      const writer = taken(slots.take(now, false)) ?? '';
      slots.give(writer, now, now, false);
      return writer;
    };
    expect([next(1), next(2)]).toEqual(['w0', 'w0']);
    slots.update([{ nodeId: 'w0', slots: 2, most: 2 }, { nodeId: 'w1', slots: 2, most: 2 }], 1);
    expect([next(3), next(4), next(5), next(6)]).toEqual(['w1', 'w0', 'w1', 'w0']);
  });

  test('small chunks use a third of the slots, so that requests share flushes', () => {
    const slots = of(2, 3);
    expect([0, 1, 2].map(() => taken(slots.take(10, false)) !== undefined)).toEqual([true, true, false]);
  });

  test('chunks that are held up do not hold up small ones: the next look says when', () => {
    const slots = of(2, 3);
    slots.take(10, false);
    slots.take(10, false);
    expect(slots.take(10 + HELD_UP_MS - 1, false)).toEqual({ lookAgainMs: 1 });
    expect(taken(slots.take(10 + HELD_UP_MS, false))).toBeDefined();
  });

  test('a slot given back is free again', () => {
    const slots = of(1, 1);
    slots.take(5, false);
    expect(taken(slots.take(6, false))).toBeUndefined();
    slots.give('w0', 5, 7, false);
    expect(taken(slots.take(7, false))).toBe('w0');
  });

  test('a writer that said full is left alone for a moment', () => {
    const slots = of(1, 3);
    slots.take(0, true);
    const pause = slots.give('w0', 0, 0, true) ?? 0;
    expect(pause).toBeGreaterThan(0);
    expect(taken(slots.take(pause - 1, true))).toBeUndefined();
    expect(taken(slots.take(pause, true))).toBe('w0');
  });

  test('several edges share a writer, and each keeps at least one slot', () => {
    expect(of(1, 3, 2).total).toBe(2);
    expect(of(1, 1, 4).total).toBe(1);
  });

  test('writers that are gone lose their slots', () => {
    const slots = of(2, 3);
    slots.update([{ nodeId: 'w1', slots: 3, most: 3 }], 1);
    expect(slots.writers).toBe(1);
    expect(taken(slots.take(0, true))).toBe('w1');
  });

  test('what the limiter grants a writer takes the place of its fixed number, until it is too old; a writer that it does not know yet keeps its own', () => {
    const slots = of(2, 2);
    slots.limited({ writers: { w0: 4, gone: 9 }, maxRows: 700, validMs: 1_000 }, 0);
    expect([slots.total, slots.maxRows]).toEqual([6, 700]);
    const got = Array.from({ length: 9 }, () => taken(slots.take(0, true)));
    expect(got.filter((writer) => writer === 'w0')).toHaveLength(5);
    expect(got.filter((writer) => writer === 'w1')).toHaveLength(3);
    slots.expire(999);
    expect(slots.total).toBe(6);
    slots.expire(1_000);
    expect([slots.total, slots.maxRows]).toEqual([4, Infinity]);
  });

  test('edges share what the limiter grants, too', () => {
    const slots = of(1, 2, 2);
    slots.limited({ writers: { w0: 5 }, maxRows: 700, validMs: 1_000 }, 0);
    expect(slots.total).toBe(3);
  });
});
