/** What large batches need between gateway and batcher. */

export const LANE_NAMES = ['high', 'normal', 'low'] as const;
export type Lane = (typeof LANE_NAMES)[number];

/** How a large batch is to be carried out; checked by the gateway. */
export interface LargeOptions {
  priority: Lane;
  /** Segments or chunks of the batch under way at the same time. */
  parallelism: number;
  checkpointInterval: number;
  enableCheckpointing: boolean;
  /** `continue`, `stop`, or a share of the items in percent as text, such as `5%`. */
  errorPolicy: string;
  deadlineMs: number;
  maxRetryAttempts: number;
  tags: string[];
  /** `manual`: it is staged, and waits for its start. */
  start: 'auto' | 'manual';
}

/** Opens an upload, or goes on with one. */
export interface OpenUpload {
  /** For a new batch; ignored when `resume` or the key names one. */
  batchId: string;
  kind: string;
  client: string;
  options: LargeOptions;
  format: string;
  key?: { key: string; sha: string };
  clientReference?: string;
  /** The batch whose failed items this one tries again. */
  parent?: string;
  /** The batch to go on with. */
  resume?: string;
  /** Bytes of the upload that came before; undefined: the whole upload comes (again). */
  offset?: number;
  /** Bytes of the whole upload, where its sender told them. */
  uploadBytes?: number;
  requestId: string;
  trace: string;
}

export interface UploadOpened {
  batchId: string;
  /** Of this connection alone: the same batch can come on two. */
  uploadId: string;
  /** The node that has the upload in hand: segments go to it. */
  nodeId: string;
  /** Where the body begins. */
  from: { items: number; bytes: number };
  /** Header row of an upload in CSV that goes on. */
  csvHeader: string[] | null;
  /** The batch was finished before by an upload with the same key; this one is only compared with it. */
  replayed: boolean;
}

/** A part of an upload, in order: at most 500 items or 256 KB, the same cut whenever the same upload comes again. */
export interface UploadSegment {
  firstIndex: number;
  /** As the parsers of immediate batches give them: exact numbers, and `BrokenLine` for a line that could not be read. */
  items: unknown[];
  /** Bytes of the decoded upload up to this segment's end, from its very start. */
  endBytes: number;
  /** SHA-256 of the segment's own bytes, hex. */
  digest: string;
  /** With the first segment of an upload in CSV. */
  csvHeader?: string[];
}

/** What an upload came to. */
export interface UploadEnd {
  state: string;
  accepted: number;
  rejected: number;
}
