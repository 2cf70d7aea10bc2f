import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Coding, Decoder } from './content-coding.ts';

/** What may change while a decompressor is waited for. */
const EVENTS = ['readable', 'end', 'error'] as const;

/**
 * What was packed into some bytes, piece by piece, as it is asked for; all of it: node:zlib ends with the first stream that
 * ends, and says nothing of what stands behind it, be it the next frame of a .zst file or what is no part of it.
 * @param pieces the bytes as they come, cut anywhere; none at all is an empty body
 * @param note what else is to be told where they cannot be unpacked
 * @throws ProblemError 400 invalid-content-encoding, and what `pieces` throws
 */
export async function* unpack(pieces: AsyncIterable<Buffer> | Iterable<Buffer>, coding: Coding, note = ''): AsyncGenerator<Buffer> {
  const invalid = (cause?: unknown) => new ProblemError({ status: 400, code: 'invalid-content-encoding', title: 'The body cannot be decompressed', detail: `The body is not, or not wholly, what its Content-Encoding (${coding.name}) says.${note}`, cause });
  let decoder: Decoder | undefined;
  let begun = false;
  /** Too little to tell what it is. */
  let held: Buffer = Buffer.alloc(0);

  async function* take(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let rest = bytes; rest.length > 0; ) {
      if (decoder === undefined) {
        if (begun && coding.behind !== 'streams') {
          if (coding.behind === 'nothing' || rest.some((byte) => byte !== 0)) throw invalid();
          return;
        }
        decoder = coding.create(rest);
        // What fails once nobody asks any more is told nobody; all else shows in `errored`.
        decoder.on('error', () => undefined);
        begun = true;
      }
      const taken = decoder.bytesWritten;
      const given = rest;
      yield* outOf(decoder, (stream, done) => stream.write(given, done), invalid);
      rest = rest.subarray(decoder.bytesWritten - taken);
      if (decoder.readableEnded) decoder = undefined;
    }
  }

  try {
    for await (const piece of pieces) {
      const bytes: Buffer = held.length === 0 ? piece : Buffer.concat([held, piece]);
      held = Buffer.alloc(0);
      if (!begun && bytes.length < coding.look) held = bytes;
      else yield* take(bytes);
    }
    yield* take(held);
    if (decoder !== undefined) yield* outOf(decoder, (stream) => stream.end(), invalid);
  } finally {
    decoder?.destroy();
  }
}

/** What comes out of a decompressor once it is given something, until it has taken that, or has come to the end of its stream. */
async function* outOf(decoder: Decoder, give: (decoder: Decoder, done: () => void) => void, invalid: (cause: unknown) => ProblemError): AsyncGenerator<Buffer> {
  let taken = false;
  let wake: () => void = () => undefined;
  const onChange = () => wake();
  for (const event of EVENTS) decoder.on(event, onChange);
  give(decoder, () => {
    taken = true;
    wake();
  });
  try {
    for (;;) {
      for (let part = decoder.read() as Buffer | null; part !== null; part = decoder.read() as Buffer | null) yield part;
      if (decoder.errored !== null) throw invalid(decoder.errored);
      if (taken || decoder.readableEnded) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const event of EVENTS) decoder.off(event, onChange);
  }
}
