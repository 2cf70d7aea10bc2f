import type { ServiceBroker } from 'moleculer';
import type { Actions } from '../../../shared/contracts/actions.ts';
import type { OpenUpload, UploadEnd, UploadOpened, UploadSegment } from '../../../shared/contracts/large.ts';

/** The batcher's side of an upload, as the gateway calls it. */
export interface UploadCalls {
  open(params: OpenUpload): Promise<UploadOpened>;
  append(opened: UploadOpened, segment: UploadSegment): Promise<void>;
  finish(opened: UploadOpened, items: number, bytes: number): Promise<UploadEnd>;
  /** Never rejects: where the batcher does not answer, the place is asked for later. */
  breakOff(opened: UploadOpened): Promise<{ items: number; bytes: number } | undefined>;
}

const OPEN_MS = 15_000;
/** A paused batch holds its sender up, and so does a database that is away: as long as the batch's longest deadline. */
const CARRY_MS = 604_800_000;

/** Calls with time limits; all of an upload go to the node that opened it. */
export function uploadCalls(broker: ServiceBroker): UploadCalls {
  const call = <N extends keyof Actions>(name: N, params: Actions[N]['params'], nodeID: string | undefined, timeout: number): Promise<Actions[N]['result']> =>
    broker.call(name, params, { timeout, ...(nodeID === undefined ? {} : { nodeID }) });
  return {
    open: (params) => call('batcher.openUpload', params, undefined, OPEN_MS),
    append: ({ uploadId, nodeId }, segment) => call('batcher.appendUpload', { uploadId, segment }, nodeId, CARRY_MS),
    finish: ({ uploadId, nodeId }, items, bytes) => call('batcher.finishUpload', { uploadId, items, bytes }, nodeId, CARRY_MS),
    async breakOff({ uploadId, nodeId }) {
      try {
        return await call('batcher.breakOffUpload', { uploadId }, nodeId, OPEN_MS);
      } catch {
        return undefined; // its lease runs out; HEAD of the batch tells the place
      }
    },
  };
}
