/** Smallest capacity; grown by doubling. */
const FIRST_BYTES = 65_536;

/**
 * The bytes of a stream that are still needed: parts are put in at the end and taken off at the front. Each byte is copied
 * a few times at most, however small the parts are: a sender may make each of them one byte.
 */
export class ByteWindow {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /** What is there now; valid until the next `push`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  push(part: Buffer): void {
    if (this.#to + part.length > this.#buffer.length) this.#makeRoom(this.length + part.length);
    part.copy(this.#buffer, this.#to);
    this.#to += part.length;
  }

  /** Takes off the first `count` bytes. */
  drop(count: number): void {
    this.#from += count;
    if (this.#from === this.#to) this.#from = this.#to = 0;
  }

  #makeRoom(needed: number): void {
    const kept = this.bytes;
    // Where half of it would be free again, moving is enough; else it would be moved for every few bytes.
    if (needed > this.#buffer.length / 2) this.#buffer = Buffer.allocUnsafe(needed * 2);
    kept.copy(this.#buffer);
    this.#to = kept.length;
    this.#from = 0;
  }
}
