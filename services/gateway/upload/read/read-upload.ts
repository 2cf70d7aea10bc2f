import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { UploadSegment } from '../../../../shared/contracts/large.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import type { RecordKind } from '../../../../shared/records/record-kind.ts';
import { bodyFormat } from '../../body/content-type.ts';
import { readNdjson } from './read-ndjson.ts';
import type { UploadPlace } from './segment.ts';

export type UploadFormat = 'ndjson';

/** The form of an upload, by its Content-Type. @throws ProblemError 415 */
export function uploadFormat(headers: IncomingHttpHeaders): UploadFormat {
  bodyFormat(headers, ['ndjson']);
  return 'ndjson';
}

export interface ReadOptions {
  format: UploadFormat;
  from: UploadPlace;
  csvHeader: string[] | null;
  kind: RecordKind;
}

/**
 * Reads the body of an upload as segments, as they are asked for: a sender is held up by its own connection.
 * @returns the totals from the very start of the upload
 * @throws ProblemError 400 body-incomplete where the connection breaks
 */
export async function* readUpload(req: IncomingMessage, options: ReadOptions): AsyncGenerator<UploadSegment, UploadPlace> {
  return yield* readNdjson(whole(req), options.from);
}

async function* whole(req: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // Left early, the request lives on: its answer is still to be sent on the same connection.
    for await (const chunk of req.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    throw new ProblemError({ status: 400, code: 'body-incomplete', title: 'The body is incomplete', detail: 'The connection broke before the end of the upload. Go on from the offset that HEAD of the batch tells.', cause: error });
  }
}
