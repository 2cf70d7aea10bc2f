import { bytesOf, cutPieces, SizeLimit } from '../../../services/publisher/size-limit.ts';
import type { Outgoing } from '../../../services/publisher/sink.ts';

const MINUTE = 60_000;
const of = (...sizes: number[]): Outgoing[] => sizes.map((bytes, id) => ({ id, bytes, isEvent: false, payload: null }));

/** Sends 1,000 bytes as the sink does, to a topic that takes `takes`; what of it was refused. */
function send(limit: SizeLimit, takes: number, now: number, whole = 1_000): number[] {
  const seen = { taken: 0, refused: [] as number[] };
  const halve = (bytes: number) => {
    if (bytes <= takes) seen.taken = Math.max(seen.taken, bytes);
    else {
      seen.refused.push(bytes);
      halve(bytes / 2);
    }
  };
  halve(Math.min(whole, limit.most(now)));
  limit.saw(seen, now);
  return seen.refused;
}

test('a size that was refused is not tried again before its time', () => {
  const limit = new SizeLimit();
  expect(limit.most(0)).toBe(Infinity);
  expect(send(limit, 300, 0)).toEqual([1_000, 500]);
  for (let at = 1; at < MINUTE; at += 1_000) expect(send(limit, 300, at)).toEqual([]);
  expect(limit.most(MINUTE - 1)).toBe(250);
});

test('more is tried again after a minute, and after each refusal of that twice as long, up to 16 minutes', () => {
  const limit = new SizeLimit();
  send(limit, 300, 0);
  let now = 0;
  for (const minutes of [1, 2, 4, 8, 16, 16]) {
    expect(send(limit, 300, now + minutes * MINUTE - 1)).toEqual([]);
    now += minutes * MINUTE;
    expect(send(limit, 300, now)).toEqual([500]);
  }
});

test('where the topic takes more than before, sends grow to their whole size, and nothing is refused on the way', () => {
  const limit = new SizeLimit();
  send(limit, 20, 0);
  const refused = Array.from({ length: 8 }, () => send(limit, 5_000, MINUTE)).flat();
  expect(refused).toEqual([]);
  expect(limit.most(MINUTE)).toBeGreaterThanOrEqual(1_000);
});

test('one message that is too large by itself lowers the limit to no less than what went beside it', () => {
  const limit = new SizeLimit();
  limit.saw({ taken: 500, refused: [1_000, 500, 250, 125] }, 0);
  expect(limit.most(0)).toBe(500);
});

test('messages are cut in order, none lost, each piece within the limit or one message', () => {
  const messages = of(100, 100, 900, 50, 50, 200, 1);
  const pieces = cutPieces(messages, 200);
  expect(pieces).toEqual([{ from: 0, to: 1 }, { from: 2, to: 2 }, { from: 3, to: 4 }, { from: 5, to: 5 }, { from: 6, to: 6 }]);
  expect(pieces.map((piece) => bytesOf(messages, piece))).toEqual([200, 900, 100, 200, 1]);
  expect(cutPieces(messages, Infinity)).toEqual([{ from: 0, to: 6 }]);
});
