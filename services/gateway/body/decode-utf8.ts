import { isAscii, isUtf8 } from 'node:buffer';

/** The bytes behind a byte order mark, if there is one. */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** The text of the bytes, or undefined if they aren't UTF-8. Nothing is ever replaced by U+FFFD. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The first byte of the first sequence that isn't UTF-8 (Unicode 16, table 3-7), or the length if all is well. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const follow = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    if (follow < 0) return at;
    for (let i = 1; i <= follow; i++) {
      const [low, high] = i === 1 ? boundsOfSecond(lead) : [0x80, 0xbf];
      const byte = bytes[at + i];
      if (byte === undefined || byte < low || byte > high) return at;
    }
    at += follow + 1;
  }
  return at;
}

/** Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
function boundsOfSecond(lead: number): [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
