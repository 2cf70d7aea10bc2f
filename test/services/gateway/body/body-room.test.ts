import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { BodyRoom, holdOf, type BodyHold } from '../../../../services/gateway/body/body-room.ts';
import type { ProblemError } from '../../../../shared/errors/problem.ts';
import { seeded, upTo } from './random-json.ts';

const MAX = 1_000;
let now: number;
let refusals: string[];
let room: BodyRoom;
beforeEach(() => {
  now = 0;
  refusals = [];
  room = new BodyRoom({ maxBytes: MAX, now: () => now, longestS: 20, onRefusal: (reason) => refusals.push(reason) });
});

/** A request whose body begins to come now; what its reader was told. */
function sender(): { hold: BodyHold; told: ProblemError[]; req: IncomingMessage } {
  const req = new IncomingMessage(new Socket());
  const hold = room.open(req);
  const told: ProblemError[] = [];
  hold.reading((problem) => told.push(problem));
  return { hold, told, req };
}
const refused = { data: { status: 503, code: 'overloaded', headers: { 'Retry-After': expect.stringMatching(/^\d+$/) as string } } };

function refusalOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('what has come counts until the request is answered; freeing twice frees once', () => {
  const { hold, req } = sender();
  expect(holdOf(req)).toBe(hold);
  hold.grow(400);
  hold.ended();
  expect([room.bytes, room.oldestAt()]).toEqual([400, undefined]);
  hold.free();
  hold.free();
  expect(room.bytes).toBe(0);
});

test('where it is full, who has been sending for more than a second gives way, the longest first, and only as many as needed', () => {
  const senders = [0, 1, 2].map(() => {
    const one = sender();
    one.hold.grow(300);
    now += 10;
    return one;
  });
  expect(room.oldestAt()).toBe(0);
  now = 5_000;
  const quick = sender();
  quick.hold.grow(350);
  expect(senders.map(({ told }) => told.length)).toEqual([1, 0, 0]);
  expect(senders[0]?.told[0]).toMatchObject(refused);
  expect([room.bytes, refusals]).toEqual([950, ['slow-sender']]);
});

test('where all have come just now, or are complete, who brings more is refused; the others keep what they have', () => {
  const whole = sender();
  whole.hold.grow(500);
  whole.hold.ended();
  now = 5_000;
  const young = sender();
  young.hold.grow(400);
  const late = sender();
  expect(refusalOf(() => late.hold.grow(200))).toMatchObject(refused);
  expect([room.bytes, refusals, whole.told, young.told]).toEqual([900, ['bodies'], [], []]);
});

test('one that is larger than the room alone is taken when there is nobody else: its own bound is elsewhere', () => {
  const only = sender();
  only.hold.grow(900);
  only.hold.grow(900);
  expect([room.bytes, refusals]).toEqual([1_800, []]);
});

test('whatever comes and goes, the room holds what is held, above its bound only for one that is alone, and is empty at the end', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    room = new BodyRoom({ maxBytes: MAX, now: () => now, longestS: 20, onRefusal: () => undefined });
    const open = new Set<{ hold: BodyHold; told: ProblemError[]; bytes: number; reading: boolean }>();
    for (let step = 0; step < 100; step++) {
      now += upTo(random, 600);
      const all = [...open];
      const one = all[upTo(random, all.length)];
      const choice = upTo(random, 10);
      if (one === undefined || choice < 2) open.add({ ...sender(), bytes: 0, reading: true });
      else if (choice < 7 && one.reading) {
        const bytes = upTo(random, 400);
        try {
          one.hold.grow(bytes);
          one.bytes += bytes;
        } catch (error) {
          if (step % 10 === 0) expect(error).toMatchObject(refused);
          one.hold.ended();
          one.reading = false;
        }
      } else if (choice < 8) {
        one.hold.ended();
        one.reading = false;
      } else {
        one.hold.free();
        open.delete(one);
      }
      for (const each of open) {
        if (each.told.length === 0) continue;
        if (each.told.length > 1) throw new Error(`seed ${seed}, step ${step}: one sender was refused twice`);
        each.reading = false;
        each.bytes = 0;
      }
      const held = [...open].map(({ bytes }) => bytes).filter((bytes) => bytes > 0);
      const sum = held.reduce((a, b) => a + b, 0);
      if (room.bytes !== sum || (held.length > 1 && sum > MAX)) throw new Error(`seed ${seed}, step ${step}: ${room.bytes} in the room, held are ${held.join()}`);
    }
    for (const { hold } of open) hold.free();
    expect([room.bytes, room.oldestAt()]).toEqual([0, undefined]);
  }
});
