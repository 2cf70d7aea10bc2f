import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { UploadSegment } from '../../../../shared/contracts/large.ts';
import type { RecordKind } from '../../../../shared/records/record-kind.ts';
import { declaredFormat, type BodyFormat } from '../../body/content-type.ts';
import { decodeUpload } from './decode-upload.ts';
import { cutSegments, type ItemReader } from './cut-segments.ts';
import { csvReader } from './read-csv.ts';
import { jsonReader } from './read-json.ts';
import { ndjsonReader } from './read-ndjson.ts';
import type { UploadPlace } from './segment.ts';

export type UploadFormat = BodyFormat;

/** The form of an upload, by its Content-Type. @throws ProblemError 415 */
export function uploadFormat(headers: IncomingHttpHeaders): UploadFormat {
  return declaredFormat(headers, ['json', 'ndjson', 'csv']);
}

export interface ReadOptions {
  format: UploadFormat;
  from: UploadPlace;
  csvHeader: string[] | null;
  kind: RecordKind;
  /** Longest time that nothing may come while something is waited for; ms. */
  idleMs: number;
}

/**
 * Reads the body of an upload as segments, as they are asked for: a sender is held up by its own connection.
 * @returns the totals from the very start of the upload
 * @throws ProblemError as decodeUpload; 400 where the bytes are not of the format
 */
export async function* readUpload(req: IncomingMessage, options: ReadOptions): AsyncGenerator<UploadSegment, UploadPlace> {
  return yield* cutSegments(decodeUpload(req, options.idleMs), options.from, readerOf(options));
}

function readerOf({ format, from, csvHeader, kind }: ReadOptions): ItemReader {
  if (format === 'csv') return csvReader(from, kind.item, csvHeader);
  return format === 'json' ? jsonReader(from, ['items', kind.rest.collection]) : ndjsonReader(from);
}
