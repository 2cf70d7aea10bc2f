const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Finds where one JSON value ends, byte by byte, in as many chunks as it takes. It doesn't check the value: brackets are
 * counted, strings are skipped. UTF-8 needs no decoding for that, for none of its longer sequences holds an ASCII byte.
 */
export class JsonValueScanner {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #scalar = false;
  #begun = false;

  /** Position just behind the value's end in `chunk`, or -1 if it goes on in the next chunk. */
  scan(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#depth === 0) return at + 1;
        }
      } else if (this.#scalar) {
        if (endsScalar(byte)) return at;
      } else if (byte === QUOTE) {
        this.#inString = true;
      } else if (byte === 0x7b || byte === 0x5b) {
        this.#depth++;
      } else if (byte === 0x7d || byte === 0x5d) {
        if (--this.#depth <= 0) return at + 1;
      } else if (!this.#begun) {
        this.#scalar = true;
      }
      this.#begun = true;
    }
    return -1;
  }
}

/** A number or word ends before whitespace, a comma or a closing bracket. */
function endsScalar(byte: number): boolean {
  return isSpace(byte) || byte === 0x2c || byte === 0x5d || byte === 0x7d;
}

/** JSON's four whitespace characters. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
