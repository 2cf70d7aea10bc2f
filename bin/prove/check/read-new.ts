import { readingClient, readStretch, stretchOf } from '../../verify/read-topic.ts';
import type { ReadMessage } from '../../verify/check-topic.ts';

/** Reads a topic in parts: each message once. */
export interface TopicReader {
  /** Gives what has come since the last time to `onMessage`, each partition in its order. */
  readNew(onMessage: (message: ReadMessage) => void): Promise<void>;
  /** The topic was made anew: its offsets begin at 0 again. */
  forget(): void;
}

/** @param brokers host:port, past every link */
export function topicReader(brokers: string, topic: string): TopicReader {
  const next = new Map<number, number>();
  return {
    async readNew(onMessage) {
      const kafka = readingClient(brokers);
      const admin = kafka.admin();
      await admin.connect();
      try {
        const stretch = await stretchOf(admin, topic);
        if (stretch === undefined) return; // nothing was ever sent
        const fresh = stretch.filter(({ partition, high }) => high > (next.get(partition) ?? 0));
        await readStretch(kafka, admin, topic, fresh, (message) => {
          if (Number(message.offset) >= (next.get(message.partition) ?? 0)) onMessage(message);
        });
        for (const { partition, high } of stretch) next.set(partition, high);
      } finally {
        await admin.disconnect();
      }
    },
    forget: () => next.clear(),
  };
}
