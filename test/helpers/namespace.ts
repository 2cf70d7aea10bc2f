import { randomBytes } from 'node:crypto';

/**
 * A name that no other test has, good as a NATS namespace, a Kafka topic or consumer group: `word` and twelve random characters.
 */
export function uniqueName(word = 'test'): string {
  return `${word}-${randomBytes(6).toString('hex')}`;
}
