import type { NamedStatement } from './flush.ts';

/** The topic and partition count that a sink was first used with. */
export const READ_SINK_TOPIC: NamedStatement = { name: 'relay-read-sink-topic', text: `select partitions from sink_topic where sink = $1` };

/** Keeps the partition count of a sink's first use; the first relay's word stands. */
export const KEEP_SINK_TOPIC: NamedStatement = {
  name: 'relay-keep-sink-topic',
  text: `insert into sink_topic (sink, topic, partitions) values ($1, $2, $3) on conflict (sink) do nothing`,
};
