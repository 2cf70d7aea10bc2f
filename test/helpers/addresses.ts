/** Address of the run's PostgreSQL, as superuser; tests take a database of their own from createDatabase. */
export const postgresUrl = (): string => addressIn('TEST_POSTGRES_URL');

/** Address of the run's NATS. */
export const natsUrl = (): string => addressIn('TEST_NATS_URL');

/** Brokers of the run's Kafka, as `host:port`, comma separated. */
export const kafkaBrokers = (): string => addressIn('TEST_KAFKA_BROKERS');

function addressIn(variable: string): string {
  const address = process.env[variable];
  if (!address) throw new Error(`${variable} is empty: the server could not be started for this run (see the beginning of its output), or TEST_SERVERS=none was set.`);
  return address;
}
