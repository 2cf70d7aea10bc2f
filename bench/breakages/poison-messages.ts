import kafkajs from 'kafkajs';
import { latestSizes } from '../../bin/prove/faults/message-size.ts';
import type { TargetKafka } from '../../bin/prove/target.ts';
import type { Breakage } from './breakage.ts';

/** Beyond the largest message so far, bytes: ids grow by some digits meanwhile. */
const ROOM = 24;
const FEWEST = 20;

/** One client's messages are larger than their topic takes. */
export function poisonMessages(key: () => string): Breakage {
  return {
    name: 'poison-messages',
    title: 'Poison messages',
    says: 'The topic of executions takes no larger messages than there were, and a client sends longer records: Kafka refuses their messages, each time they are tried.',
    section: 'Dead letters growing',
    views: ['letters'],
    // The topic's limit holds for messages that go together: with more of them each send would have to be taken apart.
    quietly: true,
    async inflict({ target: { kafka }, clients }) {
      await limitMessages(kafka, ((await latestSizes(kafka)).at(-1) ?? 0) + ROOM);
      const end = clients.begin({ key, senders: 1, items: 5, pauseMs: 500, long: true });
      return async () => {
        await end();
        await limitMessages(kafka, undefined);
      };
    },
    shows: (snapshot) => snapshot.stages.ledger.deadLetters >= FEWEST,
    steps: [
      { says: 'which causes, since when', run: 'bin/sluice dlq groups\nbin/sluice dlq list --state dead' },
      { says: 'The code says it: messages too large. Whoever runs Kafka raises the topic\'s max.message.bytes.', act: ({ target: { kafka } }) => limitMessages(kafka, undefined) },
      { says: 'what would go out, then one of them, then the rest', run: `group=$(bin/sluice dlq groups --json | jq -r '.content[0].fingerprint')\nbin/sluice dlq replay --group "$group" --dry-run\nbin/sluice dlq replay "$(bin/sluice dlq list --state dead --json | jq -r '.content[0].id')" --watch\nbin/sluice dlq replay --group "$group" --rate 50 --watch` },
    ],
    isOver: (snapshot) => snapshot.stages.ledger.deadLetters === 0,
  };
}

/** The topic's own limit; undefined: the broker's. */
async function limitMessages(kafka: TargetKafka, bytes: number | undefined): Promise<void> {
  const configEntries = bytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(bytes) }];
  await kafka.admin((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: kafka.topic, configEntries }] }));
}
