import type { Outgoing, PartitionResult, PartitionSend, Sink, SinkFailure } from '../../../services/publisher/sink.ts';
import type { Stage } from './stage.ts';

export const PARTITIONS = 3;
export const SETTLED_AFTER_MS = 7_000;

/** What becomes of a partition's messages: acknowledged; appended, but the answer is lost; lost on their way. */
export type Delivery = 'acked' | 'unheard' | 'lost';

const TIMED_OUT: SinkFailure = { class: 'partition', code: 'REQUEST_TIMED_OUT', message: 'no answer came', unsettled: true };

interface Appended {
  id: number;
  version: number;
}

/** A topic in memory. A request that was begun arrives some time later, also when nobody waits for it any more. */
export class Topic {
  readonly partitions: Appended[][] = Array.from({ length: PARTITIONS }, () => []);
  #underWay: Promise<unknown>[] = [];

  static partitionOf(id: number): number {
    return id % PARTITIONS;
  }

  /** Versions of a record, as a consumer sees them. */
  versions(id: number): number[] {
    return (this.partitions[Topic.partitionOf(id)] ?? []).filter((m) => m.id === id).map((m) => m.version);
  }

  /** Resolves when no request is under way: what the quarantine waits for. */
  async settled(): Promise<void> {
    while (this.#underWay.length > 0) await Promise.all(this.#underWay.splice(0));
  }

  append(partition: number, messages: readonly Outgoing[]): number {
    const log = this.partitions[partition] ?? [];
    return log.push(...messages.map((m) => ({ id: m.id, version: m.payload as number }))) - messages.length;
  }

  /** The end of the wire that one relay holds. With a stage, each request stops before it arrives and before it is answered. */
  sink(name: string, relay: string, deliver: (partition: number) => Delivery, stage?: Stage): Sink {
    const request = async ({ partition, messages }: PartitionSend): Promise<PartitionResult> => {
      const fate = deliver(partition);
      // The wire belongs to nobody: a request that was sent arrives although its sender is dead.
      const arrives = (async () => {
        await stage?.pass('wire', `${relay}'s messages for ${partition} arrive`);
        return fate === 'lost' ? 0 : this.append(partition, messages);
      })();
      this.#underWay.push(arrives);
      const base = await arrives;
      await stage?.pass(relay, `hears of ${partition}`);
      return fate === 'acked' ? { partition, acked: [{ from: 0, to: messages.length - 1, base }], refused: [] } : { partition, acked: [], refused: [], failure: TIMED_OUT };
    };
    return {
      name, cluster: 'kafka', maxMessages: 100, maxPartitionBytes: 10_000, settledAfterMs: SETTLED_AFTER_MS,
      check: async () => ({ ready: true }),
      partitionOf: (id) => Topic.partitionOf(id),
      message: (_row, id, record) => ({ id, bytes: 100, isEvent: false, payload: Number(record.version) }),
      evidence: () => ({ topic: null, partition: null, payload: '', headers: null }),
      kept: (row, id) => ({ id, bytes: 100, isEvent: false, payload: row.version }),
      send: (groups) => Promise.all(groups.map(request)),
      close: async () => undefined,
    };
  }
}
