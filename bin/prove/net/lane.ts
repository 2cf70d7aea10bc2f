import type { Socket } from 'node:net';

/** What a lane's owner has decided; asked anew for every piece. */
export interface LaneRules {
  /** How much later each piece goes on, in ms. */
  delayMs(): number;
  /** Whether pieces are kept back. */
  closed(): boolean;
  /** What is passed on in place of what came; may keep some of it for later. */
  rewrite?(data: Buffer): Buffer;
}

/** Bytes, the sender's end (FIN), or its breaking off (RST): they keep their order, and all of them can be held up. */
type Piece = Buffer | 'end' | 'reset';

/** While so many bytes wait here, the sender is not read from: it feels the wire as it would feel a slow one. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

/** One direction of a connection: takes pieces from one socket and writes them to the other, in order, at their time. */
export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #rules: LaneRules;
  readonly #waiting: { piece: Piece; dueMs: number }[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #full = false;

  constructor(from: Socket, to: Socket, rules: LaneRules) {
    this.#from = from;
    this.#to = to;
    this.#rules = rules;
    from.on('data', (data) => this.#take(rules.rewrite ? rules.rewrite(data) : data));
    from.on('end', () => this.#take('end'));
    from.on('close', (hadError) => this.#take(hadError ? 'reset' : 'end'));
    to.on('drain', () => {
      this.#full = false;
      this.flush();
    });
    to.on('close', () => {
      this.#full = false;
      this.flush();
    });
  }

  /** Passes on what may go now. To be called whenever the rules have changed. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = performance.now();
    const atOnce = this.#rules.delayMs() === 0;
    while (this.#waiting.length > 0 && !this.#rules.closed() && !this.#full) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      if (!atOnce && next.dueMs > nowMs) {
        this.#timer = setTimeout(() => this.flush(), next.dueMs - nowMs);
        break;
      }
      this.#waiting.shift();
      this.#pass(next.piece);
    }
    if (this.#bytes < MOST_WAITING_BYTES) this.#from.resume();
  }

  /** Forgets what waits. */
  end(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #take(piece: Piece): void {
    if (piece.length === 0) return;
    if (typeof piece !== 'string') this.#bytes += piece.length;
    this.#waiting.push({ piece, dueMs: performance.now() + this.#rules.delayMs() });
    if (this.#bytes >= MOST_WAITING_BYTES) this.#from.pause();
    if (this.#timer === undefined) this.flush();
  }

  #pass(piece: Piece): void {
    if (piece === 'end') return void this.#to.end();
    if (piece === 'reset') return void (this.#to.destroyed || this.#to.resetAndDestroy());
    this.#bytes -= piece.length;
    // Whoever still sends to one that has gone is told by a reset, as by a real wire.
    if (this.#to.destroyed) return void (this.#from.destroyed || this.#from.resetAndDestroy());
    this.#full = !this.#to.write(piece);
  }
}
