import type { Piece } from './size-limit.ts';
import type { AckedRun, PartitionResult, PartitionSend, SinkFailure } from './sink.ts';

/** Sends the messages [from, to] of a partition as one record batch; the offset of the first, or the failure. */
export type Produce = (from: number, to: number) => Promise<{ base: number } | { failure: SinkFailure }>;

/**
 * Sends a partition's messages; a record batch that is refused is sent again in halves, left half first, until the guilty
 * message is alone: so only that one counts as refused (F65), and later events of its record stay unsent. Any other failure ends it;
 * what was not sent by then stays unsent.
 * @param refused the failure, if the whole, or its first piece, was refused already
 * @param pieces what is to be sent, cut to what is known to be taken; ascending
 */
export async function sendBisecting({ partition, messages }: PartitionSend, produce: Produce, mayGoOn: () => boolean, refused?: SinkFailure, pieces: readonly Piece[] = [{ from: 0, to: messages.length - 1 }]): Promise<PartitionResult> {
  const result: PartitionResult = { partition, acked: [], refused: [] };
  const ranges = pieces.map((piece, at): AckedRange => ({ ...piece, failure: at === 0 ? refused : undefined })).reverse();
  /** Records of refused events. */
  const held = new Set<number>();
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const { from, to } = range;
    let { failure } = range;
    const stays = held.size === 0 ? -1 : messages.findIndex((message, at) => at >= from && at <= to && message.isEvent && held.has(message.id));
    if (stays !== -1) {
      if (stays < to) ranges.push({ from: stays + 1, to, failure: undefined });
      if (stays > from) ranges.push({ from, to: stays - 1, failure: undefined });
      continue;
    }
    if (failure === undefined) {
      if (!mayGoOn()) return { ...result, failure: LEASE_OVER };
      const answer = await produce(from, to);
      if ('base' in answer) {
        addRun(result.acked, { from, to, base: answer.base });
        continue;
      }
      failure = answer.failure;
    }
    if (failure.class !== 'record-batch') return { ...result, failure };
    if (from === to) {
      result.refused.push({ position: from, failure: { ...failure, class: 'message' } });
      const guilty = messages[from];
      if (guilty?.isEvent === true) held.add(guilty.id);
    } else {
      const middle = from + ((to - from) >> 1);
      ranges.push({ from: middle + 1, to, failure: undefined }, { from, to: middle, failure: undefined });
    }
  }
  return result;
}

interface AckedRange {
  from: number;
  to: number;
  failure: SinkFailure | undefined;
}

/** Nothing was tried; the shard has another owner by now, or soon. */
export const LEASE_OVER: SinkFailure = { class: 'partition', code: 'lease-over', message: 'The lease on the shard ended before the next request.', unsettled: false };

/** Adds a run; neighbouring ones whose offsets follow each other are one. */
export function addRun(runs: AckedRun[], run: AckedRun): void {
  const last = runs.at(-1);
  if (last !== undefined && last.to + 1 === run.from && last.base + (run.from - last.from) === run.base) last.to = run.to;
  else runs.push(run);
}
