import type { FailureClass, SinkFailure } from './sink.ts';

interface Meaning {
  class: FailureClass;
  /** The messages may have been, or may still be, appended. */
  unsettled?: boolean;
}

/**
 * What each failure of kafkajs or of a broker concerns. Names of the Kafka protocol's error codes, or of kafkajs' errors.
 * The classes are explained with `FailureClass`.
 */
const TABLE: Record<string, Meaning> = {
  // Nobody answers. A refused connection carried nothing; one that broke or was too slow may have.
  KafkaJSConnectionError: { class: 'cluster', unsettled: true },
  KafkaJSConnectionClosedError: { class: 'cluster', unsettled: true },
  KafkaJSRequestTimeoutError: { class: 'cluster', unsettled: true },
  KafkaJSNoBrokerAvailableError: { class: 'cluster' },
  KafkaJSLockTimeout: { class: 'cluster' },
  KafkaJSTimeout: { class: 'cluster', unsettled: true },
  KafkaJSMetadataNotLoaded: { class: 'cluster' },
  BROKER_NOT_AVAILABLE: { class: 'cluster' },
  NETWORK_EXCEPTION: { class: 'cluster', unsettled: true },
  COORDINATOR_LOAD_IN_PROGRESS: { class: 'cluster' }, // just after a broker's start
  GROUP_COORDINATOR_NOT_AVAILABLE: { class: 'cluster' },

  // This partition: elections, followers that lag, a disk of one broker. The others go on.
  LEADER_NOT_AVAILABLE: { class: 'partition' },
  NOT_LEADER_FOR_PARTITION: { class: 'partition' },
  KafkaJSBrokerNotFound: { class: 'partition' }, // kafkajs looks for "broker -1" where there is no leader
  REPLICA_NOT_AVAILABLE: { class: 'partition' },
  FENCED_LEADER_EPOCH: { class: 'partition' },
  UNKNOWN_LEADER_EPOCH: { class: 'partition' },
  NOT_ENOUGH_REPLICAS: { class: 'partition' },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: { class: 'partition' }, // appended, perhaps not for ever: sent again
  REQUEST_TIMED_OUT: { class: 'partition' }, // the leader's own limit: appended there, the followers did not follow in time
  KAFKA_STORAGE_ERROR: { class: 'partition' },
  KafkaJSStaleTopicMetadataAssignment: { class: 'partition' },
  THROTTLING_QUOTA_EXCEEDED: { class: 'partition' },
  UNKNOWN: { class: 'partition' },

  // The record batch as a whole was refused; it may be one message's fault, or only its size (F65).
  MESSAGE_TOO_LARGE: { class: 'record-batch' },
  RECORD_LIST_TOO_LARGE: { class: 'record-batch' },
  CORRUPT_MESSAGE: { class: 'record-batch' },
  INVALID_RECORD: { class: 'record-batch' },
  INVALID_TIMESTAMP: { class: 'record-batch' },
  UNSUPPORTED_FOR_MESSAGE_FORMAT: { class: 'record-batch' },
  UNSUPPORTED_COMPRESSION_TYPE: { class: 'record-batch' },

  // Somebody must change something.
  UNKNOWN_TOPIC_OR_PARTITION: { class: 'configuration' },
  INVALID_TOPIC_EXCEPTION: { class: 'configuration' },
  TOPIC_AUTHORIZATION_FAILED: { class: 'configuration' },
  CLUSTER_AUTHORIZATION_FAILED: { class: 'configuration' },
  SASL_AUTHENTICATION_FAILED: { class: 'configuration' },
  UNSUPPORTED_SASL_MECHANISM: { class: 'configuration' },
  KafkaJSSASLAuthenticationError: { class: 'configuration' },
  KafkaJSServerDoesNotSupportApiKey: { class: 'configuration' },
  UNSUPPORTED_VERSION: { class: 'configuration' },
  INVALID_PARTITIONS: { class: 'configuration' },
  INVALID_REPLICATION_FACTOR: { class: 'configuration' },
  INVALID_REQUIRED_ACKS: { class: 'configuration' },
  POLICY_VIOLATION: { class: 'configuration' },
};

/** Socket errors after which surely nothing was sent. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

interface KafkaError extends Error {
  type?: unknown;
  code?: unknown;
  cause?: unknown;
}

/** Classifies a failure. kafkajs wraps what happened in "retries exceeded" errors: the innermost known cause counts. */
export function classifyKafkaError(error: unknown): SinkFailure {
  let inner = error as KafkaError;
  const wrappers = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError', 'KafkaJSError']);
  for (let depth = 0; depth < 5 && wrappers.has(inner.name) && inner.cause instanceof Error && inner.cause !== inner; depth++) inner = inner.cause;
  const type = typeof inner.type === 'string' ? inner.type : undefined;
  const code = type ?? inner.name ?? 'Error';
  // An answer of a broker that the table lacks concerns what was asked; anything else that is unknown counts as no answer.
  const meaning = TABLE[code] ?? (type === undefined ? { class: 'cluster', unsettled: true } : { class: 'partition' });
  const unsettled = meaning.unsettled === true && !NEVER_CONNECTED.has(String(inner.code as string | undefined)) && inner.message !== 'Connection timeout';
  return { class: meaning.class, code, message: inner.message, unsettled };
}
