import { finds, type Breakage } from './breakage.ts';

/** Kafka takes connections and answers nothing: a broker that hangs. */
export const KAFKA_AWAY: Breakage = {
  name: 'kafka-away',
  title: 'Kafka away',
  says: 'Kafka\'s process is stopped: it takes connections, and answers nothing.',
  section: 'Relay breaker open',
  views: [],
  inflict({ target: { kafka } }) {
    kafka.signal('SIGSTOP');
    return Promise.resolve(async () => void kafka.signal('SIGCONT'));
  },
  shows: (snapshot) => finds(snapshot, 'kafka', /breaker is open/) && snapshot.stages.ledger.waiting > 0,
  steps: [
    { says: 'what the relay says, and how much waits since when', run: `curl -s $SLUICE_URL/health/ready | jq '.delivery | {status, why}'` },
    { says: 'is it Kafka, or the way to it?', run: `for broker in $(echo "\${KAFKA_BROKERS:-$(jq -r .addresses.kafkaBrokers "\${SLUICE_DATA:-.sluice}/run.json")}" | tr , ' '); do timeout 5 bash -c "</dev/tcp/\${broker%:*}/\${broker#*:}" && echo "$broker takes connections" || echo "$broker does not"; done` },
    { says: 'it takes connections and does not answer: a case for whoever runs Kafka. Nothing is lost meanwhile', run: 'bin/sluice verify' },
    { says: 'Whoever runs Kafka ends what held it.', act: async ({ target: { kafka } }) => void kafka.signal('SIGCONT') },
  ],
};
