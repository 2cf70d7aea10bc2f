import type { KafkaConfig } from 'kafkajs';
import { parseEnv } from 'node:util';
import type { Settings } from '../config/settings.ts';
import { settingFile } from './setting-file.ts';

/** The settings that say how Kafka is reached. */
export type KafkaReach = Pick<Settings, 'kafkaTls' | 'kafkaCa' | 'kafkaSasl' | 'kafkaCredentials'>;

/**
 * TLS and SASL of a Kafka client. The credentials are a file with the lines `username=...` and `password=...`, so that they stand in no
 * environment that child processes inherit.
 * @throws Error where a file cannot be read or lacks one of them; it names no value
 */
export function kafkaOptions({ kafkaTls, kafkaCa, kafkaSasl, kafkaCredentials }: KafkaReach): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const ssl: Pick<KafkaConfig, 'ssl'> = kafkaCa !== '' ? { ssl: { ca: [settingFile('kafkaCa', kafkaCa)] } } : kafkaTls ? { ssl: true } : {};
  if (kafkaSasl === 'none') return ssl;
  if (kafkaCredentials === '') throw new Error(`KAFKA_SASL is ${kafkaSasl}: KAFKA_CREDENTIALS must name a file with the lines username=... and password=...`);
  const { username = '', password = '' } = parseEnv(settingFile('kafkaCredentials', kafkaCredentials));
  if (username === '' || password === '') throw new Error(`KAFKA_CREDENTIALS names ${kafkaCredentials}, which must have the lines username=... and password=...`);
  return { ...ssl, sasl: { mechanism: kafkaSasl, username, password } as NonNullable<KafkaConfig['sasl']> };
}
