import type { FailureClass, SinkFailure } from './sink.ts';

interface Meaning {
  class: FailureClass;
  /** The messages may have been, or may still be, appended. */
  unsettled?: boolean;
}

const CLUSTER: Meaning = { class: 'cluster' };
/** The same, and what was sent may still arrive. */
const CLUSTER_UNSETTLED: Meaning = { class: 'cluster', unsettled: true };
const PARTITION: Meaning = { class: 'partition' };
const RECORD_BATCH: Meaning = { class: 'record-batch' };
const CONFIGURATION: Meaning = { class: 'configuration' };

/**
 * What each failure of kafkajs or of a broker concerns: names of the Kafka protocol's error codes, or of kafkajs' errors. The
 * classes are explained with `FailureClass`. None is `message`: a broker refuses record batches, and only bisection says whose
 * fault it was; a code that stands for one message alone is RECORD_BATCH here and becomes `message` when that message is alone.
 * Every code that kafkajs knows is here (a test compares), also those that no answer to a relay can carry: a broker that sends
 * one all the same is not understood, so nothing is taken for the message's fault.
 */
const TABLE: Record<string, Meaning> = {
  // Nobody answers. A refused connection carried nothing; one that broke or was too slow may have.
  KafkaJSConnectionError: CLUSTER_UNSETTLED,
  KafkaJSConnectionClosedError: CLUSTER_UNSETTLED,
  KafkaJSRequestTimeoutError: CLUSTER_UNSETTLED,
  KafkaJSTimeout: CLUSTER_UNSETTLED,
  NETWORK_EXCEPTION: CLUSTER_UNSETTLED,
  KafkaJSNoBrokerAvailableError: CLUSTER,
  KafkaJSLockTimeout: CLUSTER, // kafkajs waited for its own metadata or connection: nothing was sent
  KafkaJSMetadataNotLoaded: CLUSTER,
  KafkaJSTopicMetadataNotLoaded: CLUSTER,
  BROKER_NOT_AVAILABLE: CLUSTER,
  GROUP_LOAD_IN_PROGRESS: CLUSTER, // just after a broker's start
  GROUP_COORDINATOR_NOT_AVAILABLE: CLUSTER,
  NOT_COORDINATOR_FOR_GROUP: CLUSTER,
  NOT_CONTROLLER: CLUSTER, // an election of the controller: topics can't be made now
  STALE_CONTROLLER_EPOCH: CLUSTER,
  STALE_BROKER_EPOCH: CLUSTER,

  // This partition: elections, followers that lag, a disk of one broker. The others go on.
  LEADER_NOT_AVAILABLE: PARTITION,
  NOT_LEADER_FOR_PARTITION: PARTITION,
  KafkaJSBrokerNotFound: PARTITION, // kafkajs looks for "broker -1" where there is no leader
  KafkaJSStaleTopicMetadataAssignment: PARTITION,
  REPLICA_NOT_AVAILABLE: PARTITION,
  FENCED_LEADER_EPOCH: PARTITION,
  UNKNOWN_LEADER_EPOCH: PARTITION,
  PREFERRED_LEADER_NOT_AVAILABLE: PARTITION,
  ELIGIBLE_LEADERS_NOT_AVAILABLE: PARTITION,
  ELECTION_NOT_NEEDED: PARTITION,
  LISTENER_NOT_FOUND: PARTITION, // the leader has no address for us, yet
  NOT_ENOUGH_REPLICAS: PARTITION,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: PARTITION, // appended, perhaps not for ever: sent again
  REQUEST_TIMED_OUT: PARTITION, // the leader's own limit: appended there, the followers did not follow in time
  KAFKA_STORAGE_ERROR: PARTITION,
  LOG_DIR_NOT_FOUND: PARTITION,
  REASSIGNMENT_IN_PROGRESS: PARTITION,
  NO_REASSIGNMENT_IN_PROGRESS: PARTITION,
  OFFSET_NOT_AVAILABLE: PARTITION,
  OFFSET_OUT_OF_RANGE: PARTITION,
  OPERATION_NOT_ATTEMPTED: PARTITION,
  THROTTLING_QUOTA_EXCEEDED: PARTITION,
  UNKNOWN: PARTITION,
  KAFKAJS_UNKNOWN_ERROR_CODE: PARTITION,

  // The record batch as a whole was refused; it may be one message's fault, or only its size (F65).
  MESSAGE_TOO_LARGE: RECORD_BATCH,
  RECORD_LIST_TOO_LARGE: RECORD_BATCH,
  CORRUPT_MESSAGE: RECORD_BATCH,
  INVALID_RECORD: RECORD_BATCH, // such as a key or a schema that the topic asks for
  INVALID_TIMESTAMP: RECORD_BATCH,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: RECORD_BATCH,
  UNSUPPORTED_COMPRESSION_TYPE: RECORD_BATCH,

  // Somebody must change something: topic missing, not allowed, an agreement on protocol or settings that fails.
  UNKNOWN_TOPIC_OR_PARTITION: CONFIGURATION,
  INVALID_TOPIC_EXCEPTION: CONFIGURATION,
  TOPIC_ALREADY_EXISTS: CONFIGURATION,
  TOPIC_DELETION_DISABLED: CONFIGURATION,
  TOPIC_AUTHORIZATION_FAILED: CONFIGURATION,
  CLUSTER_AUTHORIZATION_FAILED: CONFIGURATION,
  GROUP_AUTHORIZATION_FAILED: CONFIGURATION,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: CONFIGURATION,
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: CONFIGURATION,
  DELEGATION_TOKEN_AUTH_DISABLED: CONFIGURATION,
  DELEGATION_TOKEN_NOT_FOUND: CONFIGURATION,
  DELEGATION_TOKEN_OWNER_MISMATCH: CONFIGURATION,
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: CONFIGURATION,
  DELEGATION_TOKEN_EXPIRED: CONFIGURATION,
  INVALID_PRINCIPAL_TYPE: CONFIGURATION,
  SECURITY_DISABLED: CONFIGURATION,
  SASL_AUTHENTICATION_FAILED: CONFIGURATION,
  UNSUPPORTED_SASL_MECHANISM: CONFIGURATION,
  ILLEGAL_SASL_STATE: CONFIGURATION,
  KafkaJSSASLAuthenticationError: CONFIGURATION,
  KafkaJSServerDoesNotSupportApiKey: CONFIGURATION,
  UNSUPPORTED_VERSION: CONFIGURATION,
  INVALID_REQUEST: CONFIGURATION,
  INVALID_REQUIRED_ACKS: CONFIGURATION,
  INVALID_FETCH_SIZE: CONFIGURATION,
  INVALID_PARTITIONS: CONFIGURATION,
  INVALID_REPLICATION_FACTOR: CONFIGURATION,
  INVALID_REPLICA_ASSIGNMENT: CONFIGURATION,
  INVALID_CONFIG: CONFIGURATION,
  POLICY_VIOLATION: CONFIGURATION,

  // Idempotent and transactional producers. Ours is neither; what fences one writes nothing more to that partition.
  OUT_OF_ORDER_SEQUENCE_NUMBER: PARTITION,
  DUPLICATE_SEQUENCE_NUMBER: PARTITION,
  INVALID_PRODUCER_EPOCH: PARTITION,
  INVALID_PRODUCER_ID_MAPPING: PARTITION,
  UNKNOWN_PRODUCER_ID: PARTITION,
  INVALID_TXN_STATE: CONFIGURATION,
  INVALID_TRANSACTION_TIMEOUT: CONFIGURATION,
  CONCURRENT_TRANSACTIONS: PARTITION,
  TRANSACTION_COORDINATOR_FENCED: PARTITION,

  // Consumers and their groups: never an answer to a relay.
  OFFSET_METADATA_TOO_LARGE: PARTITION,
  INVALID_COMMIT_OFFSET_SIZE: PARTITION,
  UNSTABLE_OFFSET_COMMIT: PARTITION,
  ILLEGAL_GENERATION: PARTITION,
  INCONSISTENT_GROUP_PROTOCOL: PARTITION,
  INVALID_GROUP_ID: PARTITION,
  UNKNOWN_MEMBER_ID: PARTITION,
  MEMBER_ID_REQUIRED: PARTITION,
  INVALID_SESSION_TIMEOUT: PARTITION,
  REBALANCE_IN_PROGRESS: PARTITION,
  NON_EMPTY_GROUP: PARTITION,
  GROUP_ID_NOT_FOUND: PARTITION,
  GROUP_MAX_SIZE_REACHED: PARTITION,
  FENCED_INSTANCE_ID: PARTITION,
  GROUP_SUBSCRIBED_TO_TOPIC: PARTITION,
  FETCH_SESSION_ID_NOT_FOUND: PARTITION,
  INVALID_FETCH_SESSION_EPOCH: PARTITION,
};

/** Whether the table says what a failure of this name concerns. */
export function knowsKafkaError(code: string): boolean {
  return Object.hasOwn(TABLE, code);
}

/** Socket errors after which surely nothing was sent. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

interface KafkaError extends Error {
  type?: unknown;
  code?: unknown;
  cause?: unknown;
}

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Whether a record batch was refused for its size. */
export function isTooLarge({ code }: Pick<SinkFailure, 'code'>): boolean {
  return TOO_LARGE.has(code);
}

/** Classifies a failure. kafkajs wraps what happened in "retries exceeded" errors: the innermost known cause counts. */
export function classifyKafkaError(error: unknown): SinkFailure {
  let inner = error as KafkaError;
  const wrappers = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError', 'KafkaJSError']);
  for (let depth = 0; depth < 5 && wrappers.has(inner.name) && inner.cause instanceof Error && inner.cause !== inner; depth++) inner = inner.cause;
  const type = typeof inner.type === 'string' ? inner.type : undefined;
  const code = type ?? inner.name ?? 'Error';
  // An answer of a broker that the table lacks concerns what was asked; anything else that is unknown counts as no answer.
  const meaning = TABLE[code] ?? (type === undefined ? CLUSTER_UNSETTLED : PARTITION);
  const unsettled = meaning.unsettled === true && !NEVER_CONNECTED.has(String(inner.code as string | undefined)) && inner.message !== 'Connection timeout';
  return { class: meaning.class, code, message: inner.message, unsettled };
}
