import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { codingOf, type Coding } from '../../../../services/gateway/body/content-coding.ts';
import { unpack } from '../../../../services/gateway/body/unpack.ts';

const first = Array.from({ length: 40 }, (_, i) => `line ${i} é€\n`).join('');
const second = 'what stands in the next one\n';
const PACK = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
/** A frame that carries something else than data (RFC 8878, 3.1.2). */
const SKIPPABLE = Buffer.from('502a4d1803000000616263', 'hex');

function coding(name: string): Coding {
  const found = codingOf(name);
  if (found === undefined) throw new Error(`no coding ${name}`);
  return found;
}

function* piecesOf(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function unpacked(name: string, bytes: Buffer, length = bytes.length): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of unpack(piecesOf(bytes, length), coding(name))) parts.push(part);
  return Buffer.concat(parts).toString();
}

const refused = { data: { status: 400, code: 'invalid-content-encoding' } };

describe.each([1, 2, 3, 7, 100_000])('in pieces of at most %i bytes', (length) => {
  test.each(Object.entries(PACK))('%s: all that was packed comes out', async (name, pack) => {
    expect(await unpacked(name, pack(first), length)).toBe(first);
  });

  test('deflate without its header is told from one that has it', async () => {
    expect(await unpacked('deflate', deflateRawSync(first), length)).toBe(first);
  });

  test.each([['gzip', gzipSync], ['zstd', zstdCompressSync]] as const)('%s: streams put one behind another are all read', async (name, pack) => {
    expect(await unpacked(name, Buffer.concat([pack(first), pack(second), pack(''), pack(first)]), length)).toBe(first + second + first);
  });

  test('frames of zstd that carry no data are passed over', async () => {
    expect(await unpacked('zstd', Buffer.concat([SKIPPABLE, zstdCompressSync(first), SKIPPABLE, zstdCompressSync(second), SKIPPABLE]), length)).toBe(first + second);
  });

  test('zeros behind gzip are padding', async () => {
    expect(await unpacked('gzip', Buffer.concat([gzipSync(first), Buffer.alloc(1_000)]), length)).toBe(first);
  });

  test.each(Object.entries(PACK))('%s: what follows and is no part of it is refused', async (name, pack) => {
    for (const tail of ['garbage', '\0garbage']) await expect(unpacked(name, Buffer.concat([pack(first), Buffer.from(tail)]), length)).rejects.toMatchObject(refused);
  });
});

test.each(Object.entries(PACK))('%s: cut off at any byte it is refused', async (name, pack) => {
  const bytes = Buffer.concat(name === 'zstd' || name === 'gzip' ? [pack(second), pack(second)] : [pack(first)]);
  const whole = new Set([0, ...(name === 'zstd' || name === 'gzip' ? [bytes.length / 2] : [])]);
  for (let length = 0; length < bytes.length; length++) {
    const cut = unpacked(name, bytes.subarray(0, length), 5);
    if (whole.has(length)) expect(await cut).toBe(length === 0 ? '' : second);
    else await expect(cut).rejects.toMatchObject(refused);
  }
});

test('what the sender of the bytes says is told as it is', async () => {
  const broken = new Error('the connection broke');
  async function* connection(): AsyncGenerator<Buffer> {
    yield gzipSync(first).subarray(0, 50);
    throw broken;
  }
  const all = async () => {
    for await (const part of unpack(connection(), coding('gzip'))) expect(part.length).toBeGreaterThan(0);
  };
  await expect(all()).rejects.toBe(broken);
});

test('what is not asked for is not unpacked: a bomb costs what was taken of it', async () => {
  const out = unpack([gzipSync(Buffer.alloc(50_000_000))], coding('gzip'));
  let size = 0;
  for await (const part of out) if ((size += part.length) > 100_000) break;
  expect(size).toBeLessThan(1_000_000);
});
