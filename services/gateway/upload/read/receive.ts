import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../../../shared/errors/problem.ts';

/** What may change when a body is waited for. */
const EVENTS = ['readable', 'end', 'error', 'close'] as const;

/**
 * The body of a request, piece by piece, as it is asked for. Time counts against the sender only while a piece is asked for
 * and there is none: where the sender is held up by us, it may be silent as long as that takes.
 * Left early, the request lives on: its answer is still to be sent on the same connection.
 * @param idleMs longest time that nothing may come
 * @throws ProblemError 400 body-incomplete, 408 upload-idle
 */
export async function* receive(req: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  let wake: () => void = () => undefined;
  let cause: Error | undefined;
  const onEvent = (error?: Error) => {
    cause ??= error;
    wake();
  };
  for (const event of EVENTS) req.on(event, onEvent);
  try {
    for (;;) {
      const piece = req.destroyed ? null : (req.read() as Buffer | null);
      if (piece !== null) yield piece;
      else if (req.readableEnded) return;
      else if (req.destroyed) throw new ProblemError({ status: 400, code: 'body-incomplete', title: 'The body is incomplete', detail: 'The connection broke before the end of the upload. Go on from the offset that HEAD of the batch tells.', cause });
      else await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(idle(idleMs)), idleMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    for (const event of EVENTS) req.off(event, onEvent);
  }
}

function idle(idleMs: number): ProblemError {
  return new ProblemError({ status: 408, code: 'upload-idle', title: 'The sender is silent', detail: `Nothing came for ${idleMs / 1_000} s (setting uploadIdle). What came before stands; go on from the offset that is told here.` });
}
