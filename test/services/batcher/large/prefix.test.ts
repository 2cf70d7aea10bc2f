import { Prefix, START, type DonePart, type Mark } from '../../../../services/batcher/large/prefix.ts';
import { seeded } from '../../gateway/body/random-json.ts';

const part = (i: number): DonePart => ({ first: i * 10, end: i * 10 + 10, endBytes: (i + 1) * 100, digest: `d${i}`, written: 9, rejected: 1 });
const parts = Array.from({ length: 40 }, (_, i) => part(i));
const inOrder = () => {
  const prefix = new Prefix(START);
  return parts.flatMap((p) => prefix.done(p));
};

test('parts that finish in any order give the same marks in the same order', () => {
  const random = seeded(5);
  for (let round = 0; round < 50; round++) {
    const prefix = new Prefix(START);
    const shuffled = parts.map((p) => ({ p, at: random() })).sort((a, b) => a.at - b.at).map(({ p }) => p);
    const marks: Mark[] = [];
    for (const p of shuffled) {
      marks.push(...prefix.done(p));
      expect(prefix.mark.items).toBe(marks.at(-1)?.items ?? 0);
    }
    expect(marks).toEqual(inOrder());
  }
});

test('a prefix that goes on from a mark comes to the same hashes as one from the start', () => {
  const all = inOrder();
  const later = new Prefix(all[14] as Mark);
  expect(parts.slice(15).flatMap((p) => later.done(p))).toEqual(all.slice(15));
});

test('another byte anywhere shows in every hash behind it', () => {
  const prefix = new Prefix(START);
  const marks = parts.map((p, i) => (i === 7 ? { ...p, digest: 'other' } : p)).flatMap((p) => prefix.done(p));
  expect(marks.map((mark, i) => mark.sha === inOrder()[i]?.sha)).toEqual(parts.map((_, i) => i < 7));
});
