import { KafkaFrames } from './kafka-frames.ts';
import type { Rewriter } from './link.ts';

/** What a broker answers that no longer leads the partition (NOT_LEADER_OR_FOLLOWER). */
const NOT_LEADER = 6;
const PRODUCE = 0;
/** Versions whose layout is read here; kafkajs asks for 7. Others pass as they are. */
const isReadable = (version: number) => version >= 3 && version <= 7;
/** Added to a partition's number it makes one that no topic has. */
const NOWHERE = 1_000_000;

/**
 * Makes a broker refuse one partition of a topic: in produce requests its number is changed into one that doesn't exist, so that the
 * broker really appends nothing; in the answers the number is put right and the error becomes "not the leader". Other partitions
 * of the same request go as they would.
 * @param on asked for each request; answers are put right in any case
 */
export function refusePartition(topic: string, partition: number, on: () => boolean): Rewriter {
  /** Versions of the produce requests that wait for their answer, by correlation id. */
  const asked = new Map<number, number>();
  const requests = new KafkaFrames((frame) => {
    const version = frame.readInt16BE(2);
    if (frame.readInt16BE(0) !== PRODUCE || !isReadable(version)) return;
    asked.set(frame.readInt32BE(4), version);
    const client = readText(frame, 8);
    const transaction = readText(frame, client.end);
    eachPartition(frame, transaction.end + 2 + 4, (name, at) => {
      if (on() && name === topic && frame.readInt32BE(at) === partition) frame.writeInt32BE(partition + NOWHERE, at);
      return at + 4 + 4 + Math.max(0, frame.readInt32BE(at + 4)); // the number, the records with their length
    });
  });
  const answers = new KafkaFrames((frame) => {
    const version = asked.get(frame.readInt32BE(0));
    if (version === undefined) return;
    asked.delete(frame.readInt32BE(0));
    eachPartition(frame, 4, (_, at) => {
      const number = frame.readInt32BE(at);
      if (number >= NOWHERE) {
        frame.writeInt32BE(number - NOWHERE, at);
        frame.writeInt16BE(NOT_LEADER, at + 4);
      }
      // The number, the error, the base offset, the time, and from version 5 on the log's start.
      return at + 4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0);
    });
  });
  return { there: (data) => requests.take(data), back: (data) => answers.take(data) };
}

/** Goes through an array of topics with their partitions. @param visit gets where a partition begins, and says where it ends */
function eachPartition(frame: Buffer, begin: number, visit: (topic: string, at: number) => number): void {
  let at = begin + 4;
  for (let topics = frame.readInt32BE(begin); topics > 0; topics--) {
    const name = readText(frame, at);
    at = name.end + 4;
    for (let partitions = frame.readInt32BE(name.end); partitions > 0; partitions--) at = visit(name.text, at);
  }
}

/** A text with its length before it in two bytes; -1 is none. */
function readText(frame: Buffer, at: number): { text: string; end: number } {
  const length = Math.max(0, frame.readInt16BE(at));
  return { text: frame.toString('utf8', at + 2, at + 2 + length), end: at + 2 + length };
}
