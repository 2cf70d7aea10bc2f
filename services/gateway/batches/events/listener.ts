import { Readable } from 'node:stream';
import { eventText, type BatchEvent, type Heard } from './decide-events.ts';

/** Pause before a client whose stream ended comes back, ms. */
const RETRY_MS = 2_000;
/** Bytes that may wait for a client; then it is told nothing until it has read them. */
const MOST_WAITING = 16_384;

/** One client that listens: its stream, and what it has heard. */
export class Listener {
  readonly stream: Readable;
  readonly #now: () => number;
  #heard: Heard;
  #ready = true;
  #ended = false;
  #toldAt: number;

  constructor(heard: Heard, now: () => number) {
    this.#heard = heard;
    this.#now = now;
    this.#toldAt = now();
    this.stream = new Readable({ highWaterMark: MOST_WAITING, read: () => (this.#ready = true) });
  }

  get heard(): Heard {
    return this.#heard;
  }
  /** It has read what it was told. */
  get ready(): boolean {
    return this.#ready && !this.#ended && !this.stream.destroyed;
  }
  get toldAt(): number {
    return this.#toldAt;
  }

  begin(): void {
    this.#push(`retry: ${RETRY_MS}\n\n`);
  }

  tell(events: readonly BatchEvent[]): void {
    if (events.length === 0) return;
    this.#heard = events.at(-1)?.heard ?? this.#heard;
    this.#push(events.map(eventText).join(''));
  }

  /** A comment, so that nobody takes the silence for a broken connection. */
  beat(): void {
    if (this.ready) this.#push(': alive\n\n');
  }

  /** Twice is fine. */
  end(): void {
    if (this.#ended || this.stream.destroyed) return;
    this.#ended = true;
    this.stream.push(null);
  }

  #push(text: string): void {
    if (this.#ended || this.stream.destroyed) return;
    this.#toldAt = this.#now();
    this.#ready = this.stream.push(text);
  }
}
