/**
 * Encoders of one-dimensional arrays in PostgreSQL's binary wire format (src/backend/utils/adt/arrayfuncs.c, array_recv).
 * node-postgres sends a Buffer parameter as binary, which spares both sides the quoting and parsing of array text.
 */
const TEXT_OID = 25;
const INT4_OID = 23;
const INT8_OID = 20;
const HEADER_BYTES = 20;
const LAST_ASCII = 0x7f;

/**
 * A `text[]`. Most values are short and ASCII: their characters are copied one by one, which takes half the time of joining
 * them into one string, and leaves no garbage; the first other character sends the whole array down the slower path.
 */
export function textArray(values: readonly (string | null)[]): Buffer {
  if (values.length === 0) return emptyArray(TEXT_OID);
  let size = HEADER_BYTES;
  let nulls = 0;
  for (const value of values) {
    size += 4;
    if (value === null) nulls = 1;
    else size += value.length;
  }
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHeader(buffer, values.length, nulls, TEXT_OID);
  let seen = 0;
  for (const value of values) {
    const length = value === null ? -1 : value.length;
    buffer[at] = length >>> 24;
    buffer[at + 1] = length >>> 16;
    buffer[at + 2] = length >>> 8;
    buffer[at + 3] = length;
    at += 4;
    if (value === null) continue;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      seen |= code;
      buffer[at + i] = code;
    }
    at += length;
  }
  return seen > LAST_ASCII ? utf8TextArray(values, nulls) : buffer;
}

function utf8TextArray(values: readonly (string | null)[], nulls: number): Buffer {
  let size = HEADER_BYTES;
  for (const value of values) size += 4 + (value === null ? 0 : Buffer.byteLength(value));
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHeader(buffer, values.length, nulls, TEXT_OID);
  for (const value of values) {
    const length = value === null ? -1 : buffer.write(value, at + 4, 'utf8');
    buffer.writeInt32BE(length, at);
    at += 4 + Math.max(length, 0);
  }
  return buffer;
}

/** An `int4[]` without nulls. */
export function int4Array(values: readonly number[]): Buffer {
  if (values.length === 0) return emptyArray(INT4_OID);
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * 8);
  let at = writeHeader(buffer, values.length, 0, INT4_OID);
  for (const value of values) {
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer;
}

/** An `int8[]` without nulls, of safe integers. */
export function int8Array(values: readonly number[]): Buffer {
  if (values.length === 0) return emptyArray(INT8_OID);
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * 12);
  let at = writeHeader(buffer, values.length, 0, INT8_OID);
  for (const value of values) {
    buffer.writeInt32BE(8, at);
    buffer.writeBigInt64BE(BigInt(value), at + 4);
    at += 12;
  }
  return buffer;
}

/** An array of no elements has no dimension. */
function emptyArray(oid: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeInt32BE(oid, 8);
  return buffer;
}

function writeHeader(buffer: Buffer, length: number, nulls: number, oid: number): number {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(nulls, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return HEADER_BYTES;
}
