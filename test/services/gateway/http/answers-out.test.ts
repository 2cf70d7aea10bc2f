import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { AnswersOut } from '../../../../services/gateway/http/answers-out.ts';

const MAX = 1_000;
let now: number;
let dropped: string[];
let answers: AnswersOut;
beforeEach(() => {
  now = 0;
  dropped = [];
  answers = new AnswersOut({ maxBytes: MAX, deadlineMs: 60_000, now: () => now, onDrop: (reason) => dropped.push(reason) });
});

const sockets: Socket[] = [];
afterEach(async () => {
  // What waits is let go of with its connection, and so is its timer.
  const open = sockets.splice(0).filter(({ closed }) => !closed);
  await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())));
  expect(answers.bytes).toBe(0);
});

/** A connection whose client takes nothing, with a request on it. */
class Slow extends Socket {
  waiting = 500;
  constructor() {
    super();
    sockets.push(this);
    Object.defineProperty(this, 'writableLength', { get: () => this.waiting });
  }
  another(): { req: IncomingMessage; res: ServerResponse } {
    const req = new IncomingMessage(this);
    const res = new ServerResponse(req);
    Object.defineProperty(res, 'socket', { value: this });
    return { req, res };
  }
}
const settled = async (promise: Promise<void>) => {
  let is = false;
  void promise.then(() => (is = true));
  await new Promise((resolve) => setImmediate(resolve));
  return is;
};
/** An answer of so many bytes to a client that takes nothing. */
function owe(bytes: number, socket = new Slow()): { socket: Slow; res: ServerResponse; taken: Promise<void> } {
  const { req, res } = socket.another();
  return { socket, res, taken: answers.whole(req, res, bytes) };
}

test('an answer that the kernel took at once waits for nobody', async () => {
  const socket = new Slow();
  socket.waiting = 0;
  await owe(100, socket).taken;
  expect([answers.bytes, answers.oldestAt()]).toEqual([0, undefined]);
});

test('an answer counts until its client has it', async () => {
  const { res, taken } = owe(400);
  expect([answers.bytes, answers.oldestAt(), await settled(taken)]).toEqual([400, 0, false]);
  res.emit('finish');
  await taken;
  expect([answers.bytes, answers.oldestAt(), dropped]).toEqual([0, undefined, []]);
});

test('when they are too many, those that have waited longest lose their connections, and no more than needed', async () => {
  const all = [400, 300, 200].map((bytes) => {
    now += 1_000;
    return owe(bytes);
  });
  const last = owe(300);
  expect(all.map(({ socket }) => socket.destroyed)).toEqual([true, false, false]);
  expect([answers.bytes, answers.oldestAt(), dropped]).toEqual([800, 2_000, ['answers-full']]);
  await all[0]?.taken;
  expect(await settled(last.taken)).toBe(false);
});

test('with its connection all its answers go, those that wait behind others too, and each is counted off once', async () => {
  const socket = new Slow();
  const [first, second] = [owe(400, socket), owe(400, socket)];
  const other = owe(300);
  expect([socket.destroyed, answers.bytes, dropped]).toEqual([true, 300, ['answers-full']]);
  await Promise.all([first.taken, second.taken]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([answers.bytes, answers.oldestAt()]).toEqual([300, 0]);
  other.socket.destroy();
  await other.taken;
  expect(answers.bytes).toBe(0);
});

test('a client that does not take its answer within the deadline loses its connection', async () => {
  answers = new AnswersOut({ maxBytes: MAX, deadlineMs: 20, now: () => now, onDrop: (reason) => dropped.push(reason) });
  const { socket, taken } = owe(400);
  await taken;
  expect([socket.destroyed, dropped, answers.bytes]).toEqual([true, ['slow-reader'], 0]);
});

test('a stream counts only while something waits for its client, and no longer than it lasts', () => {
  const socket = new Slow();
  const { req, res } = socket.another();
  socket.waiting = 0;
  const leave = answers.stream(req, res);
  expect(answers.bytes).toBe(0);
  socket.waiting = 100;
  res.emit('drain');
  expect(answers.bytes).toBeGreaterThan(0);
  socket.waiting = 0;
  res.emit('drain');
  expect(answers.bytes).toBe(0);
  socket.waiting = 100;
  res.emit('drain');
  leave();
  expect([answers.bytes, answers.oldestAt()]).toEqual([0, undefined]);
});
