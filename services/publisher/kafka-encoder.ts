/**
 * Makes kafkajs' encoder cheaper, byte for byte the same (docs/decisions/0005): it spent most of a relay's time on a zeroed
 * buffer of 512 bytes for each header of each message, and on a new buffer for each number. Works on import, for the process.
 */
import { createRequire } from 'node:module';

/** The part of kafkajs' encoder that is replaced. */
interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable: (length: number) => void;
  writeUVarInt: (value: number) => Encoder;
  writeVarLong: (value: unknown) => Encoder;
  writeEncoder: (value: Encoder) => Encoder;
  writeEncoderArray: (values: readonly Encoder[]) => Encoder;
}
interface EncoderClass {
  prototype: Encoder;
  nextPowerOfTwo: (value: number) => number;
  sizeOfVarLong: (value: unknown) => number;
}

/** What kafkajs asks room for before it knows how large a thing will be. */
const ASKED_FIRST = 511;
/** V8 keeps the bytes of buffers up to this size in its own heap, where making one costs next to nothing. */
const GIVEN_FIRST = 64;
/** Most bytes of a 32-bit number in LEB128. */
const LONGEST = 5;
/** Numbers whose zigzag form has 31 bits at most are encoded without kafkajs' 64-bit arithmetic. */
const MOST = 0x3fffffff;

const encoder = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as EncoderClass;
const { nextPowerOfTwo, sizeOfVarLong } = encoder;
const { writeVarLong } = encoder.prototype;

encoder.nextPowerOfTwo = (value) => (value === ASKED_FIRST ? GIVEN_FIRST : nextPowerOfTwo.call(encoder, value));

encoder.prototype.writeUVarInt = function (this: Encoder, value) {
  this.ensureAvailable(LONGEST);
  let left = value >>> 0;
  for (; left > 0x7f; left >>>= 7) this.buf[this.offset++] = (left & 0x7f) | 0x80;
  this.buf[this.offset++] = left;
  return this;
};

encoder.prototype.writeVarLong = function (this: Encoder, value) {
  return isSmall(value) ? this.writeUVarInt(value * 2) : writeVarLong.call(this, value);
};

// kafkajs makes a view of what is to be copied, and copies that.
encoder.prototype.writeEncoder = function (this: Encoder, { buf, offset }) {
  this.ensureAvailable(offset);
  buf.copy(this.buf, this.offset, 0, offset);
  this.offset += offset;
  return this;
};

encoder.prototype.writeEncoderArray = function (this: Encoder, values) {
  for (const value of values) this.writeEncoder(value);
  return this;
};

encoder.sizeOfVarLong = (value) => {
  if (!isSmall(value)) return sizeOfVarLong.call(encoder, value);
  return Math.max(1, Math.ceil((32 - Math.clz32(value * 2)) / 7));
};

function isSmall(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST;
}
