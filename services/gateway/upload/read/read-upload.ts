import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { UploadSegment } from '../../../../shared/contracts/large.ts';
import type { RecordKind } from '../../../../shared/records/record-kind.ts';
import { bodyFormat } from '../../body/content-type.ts';
import { decodeUpload } from './decode-upload.ts';
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
 * @throws ProblemError as decodeUpload
 */
export async function* readUpload(req: IncomingMessage, options: ReadOptions): AsyncGenerator<UploadSegment, UploadPlace> {
  return yield* readNdjson(decodeUpload(req), options.from);
}
