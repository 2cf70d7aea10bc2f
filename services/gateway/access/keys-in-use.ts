import type { IncomingMessage } from 'node:http';
import type { KeyRing } from '../../../shared/access/key-ring.ts';

const LOOK_MS = 1_000;

interface Use {
  keyId: string;
  /** When the session that it came with is over; undefined for a key that was shown itself. */
  until: Date | undefined;
  req: Pick<IncomingMessage, 'socket'>;
}

/**
 * Requests in work, by the key they came with: streams and uploads may last for hours. Once a key is revoked or has expired, or a session is over,
 * their connections are cut, as if the client had gone: an upload can be gone on with under another key.
 */
export class KeysInUse {
  readonly #keys: Pick<KeyRing, 'byId'>;
  readonly #uses = new Set<Use>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keys: Pick<KeyRing, 'byId'>) {
    this.#keys = keys;
  }

  /** What it answers must be called once the answer is out. */
  enter(use: Use): () => void {
    this.#uses.add(use);
    this.#timer ??= setInterval(() => this.look(Date.now()), LOOK_MS).unref();
    return () => void this.#uses.delete(use);
  }

  /** Cuts what may not go on; `now` in ms since 1970. */
  look(now: number): void {
    for (const use of this.#uses) {
      if ('key' in this.#keys.byId(use.keyId) && !(use.until !== undefined && use.until.getTime() <= now)) continue;
      this.#uses.delete(use);
      use.req.socket.destroy();
    }
    if (this.#uses.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
