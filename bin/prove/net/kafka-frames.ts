const LENGTH_BYTES = 4;

/** Cuts a stream of the Kafka protocol into its requests or answers, and gives it on in whole ones. */
export class KafkaFrames {
  readonly #edit: (frame: Buffer) => void;
  #held: Buffer[] = [];
  #bytes = 0;

  /** @param edit gets each request or answer, without its length, and may change it in place; its length stays */
  constructor(edit: (frame: Buffer) => void) {
    this.#edit = edit;
  }

  /** Takes what came, and returns what goes on: all that is whole by now. */
  take(data: Buffer): Buffer {
    this.#held.push(data);
    this.#bytes += data.length;
    // What is not whole yet is only put together when its length is known and there.
    if (this.#bytes < LENGTH_BYTES || this.#bytes < LENGTH_BYTES + this.#firstLength()) return Buffer.alloc(0);
    const all = Buffer.concat(this.#held);
    let at = 0;
    while (all.length - at >= LENGTH_BYTES && all.length - at >= LENGTH_BYTES + all.readInt32BE(at)) {
      const end = at + LENGTH_BYTES + all.readInt32BE(at);
      this.#edit(all.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    this.#held = at < all.length ? [all.subarray(at)] : [];
    this.#bytes = all.length - at;
    return all.subarray(0, at);
  }

  #firstLength(): number {
    if ((this.#held[0]?.length ?? 0) < LENGTH_BYTES) this.#held = [Buffer.concat(this.#held)];
    return this.#held[0]?.readInt32BE(0) ?? 0;
  }
}
