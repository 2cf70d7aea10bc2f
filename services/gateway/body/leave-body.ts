import type { IncomingMessage } from 'node:http';

/** After a refusal so much more is read and thrown away; a connection that sends on is closed. */
const DRAIN_BYTES = 1_048_576;
const DRAIN_MS = 2_000;

/** By request whose body was left: whether its connection ends with it. */
const left = new WeakMap<IncomingMessage, boolean>();

/**
 * Leaves a body unread, after a refusal. Takes what is still coming off the connection: closing it with bytes unread would make TCP reset it, and the reset can
 * overtake the answer. Bounded, so that nobody is listened to for ever. Harmless when done twice, or when all was read.
 * @returns whether the answer must say `Connection: close`, since more may be coming than is listened to: a client that took the
 *   connection for its next request would find it reset. The connection is then closed as soon as the answer is out, but
 *   for the sending half alone ("lingering close", RFC 9112, 9.6)
 */
export function leaveBody(req: IncomingMessage): boolean {
  const known = left.get(req);
  if (known !== undefined) return known;
  const ends = !req.complete && !(Number(req.headers['content-length'] ?? Infinity) <= DRAIN_BYTES);
  left.set(req, ends);
  // What fails from here on fails after the refusal: there is nobody left to tell.
  req.on('error', () => undefined);
  if (req.destroyed || req.complete) {
    req.resume();
    return ends;
  }
  const { socket } = req;
  // Node's way of closing after the last answer would drop what is unread, and with it the answer.
  if (ends) socket.destroySoon = () => socket.end();
  let rest = DRAIN_BYTES;
  const timer = setTimeout(() => socket.destroy(), DRAIN_MS).unref();
  req.on('data', (part: Buffer) => {
    rest -= part.length;
    if (rest < 0) req.pause(); // the timer closes it: the answer, which is on its way, comes first
  });
  req.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  req.resume();
  return ends;
}
