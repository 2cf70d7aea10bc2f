/**
 * The one table of settings: every value Sluice can be told from outside, with default, unit, bounds and meaning.
 * The environment variable of a setting is `env`, or its name in UPPER_SNAKE. docs/settings.md is generated from here.
 */

interface Common {
  /** Environment variable, where it isn't the name in UPPER_SNAKE. */
  env?: string;
  /** Heading in the documentation. */
  group: Group;
  meaning: string;
  /** Can be changed while Sluice runs: whoever uses it reads it anew each time. */
  live?: true;
  /** Never printed, logged or sent to other nodes. */
  secret?: boolean;
}
export type Group = 'Addresses' | 'Encryption' | 'Intake' | 'Large batches' | 'Orders' | 'Writing' | 'Delivery' | 'Fleet' | 'PostgreSQL' | 'Observing';

export interface NumberRow extends Common {
  type: 'number';
  default: number;
  min: number;
  max: number;
  unit: 'ms' | 's' | 'items' | 'bytes' | 'rows' | 'messages' | 'processes' | 'connections' | 'count' | 'port' | 'share' | 'hours';
  /** May have a fraction. */
  fraction?: boolean;
}
export interface TextRow extends Common {
  type: 'text';
  default: string;
  /** What the text must look like, and how to say it. */
  pattern?: { test: RegExp; says: string };
}
export interface ChoiceRow extends Common {
  type: 'choice';
  default: string;
  choices: readonly string[];
}
export interface SwitchRow extends Common {
  type: 'switch';
  default: boolean;
}
export type SettingRow = NumberRow | TextRow | ChoiceRow | SwitchRow;

const FILE = 'Path of a PEM file';

const TOPIC = { test: /^[A-Za-z0-9._-]{1,249}$/, says: 'a Kafka topic name' };

export const SETTINGS = {
  host: { type: 'text', env: 'HOST', default: '127.0.0.1', group: 'Addresses', meaning: 'Address that the edge listens on.' },
  port: { type: 'number', env: 'PORT', default: 8080, min: 0, max: 65535, unit: 'port', group: 'Addresses', meaning: 'Port of the REST interface; 0 takes a free one.' },
  metricsPort: { type: 'number', default: 0, min: 0, max: 65535, unit: 'port', group: 'Addresses', meaning: 'Port on which a node without a gateway serves /health and /metrics; 0 takes a free one. `sluice up` counts upward from it: writers first, then relays.' },
  postgresUrl: { type: 'text', default: '', secret: true, group: 'Addresses', meaning: 'PostgreSQL to use; empty lets `sluice up` start one of its own.', pattern: { test: /^$|^postgres(ql)?:\/\//, says: 'an address that begins with postgres://' } },
  natsUrl: { type: 'text', default: '', secret: true, group: 'Addresses', meaning: 'NATS to use; empty lets `sluice up` start one of its own.', pattern: { test: /^$|^(nats|tls):\/\//, says: 'an address that begins with nats:// or tls://' } },
  kafkaBrokers: { type: 'text', default: '', group: 'Addresses', meaning: 'Kafka brokers as host:port, comma separated; empty lets `sluice up` start one of its own.', pattern: { test: /^$|^[^,\s:]+:\d+(,[^,\s:]+:\d+)*$/, says: 'host:port, or several with commas between' } },
  dataDir: { type: 'text', env: 'SLUICE_DATA', default: '.sluice', group: 'Addresses', meaning: 'Folder for the data of the servers that `sluice up` starts, and its logs; relative to the project.' },
  consoleSession: { type: 'number', live: true, default: 12, min: 1, max: 168, unit: 'hours', group: 'Addresses', meaning: 'How long a login at the console lasts.' },
  initialKey: { type: 'text', env: 'SLUICE_INITIAL_KEY', default: '', secret: true, group: 'Addresses', meaning: 'Key with all roles that a start keeps where there is none yet; `sluice key new` makes one. For containers, which listen beyond loopback from the start.', pattern: { test: /^$|^slc_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/, says: 'a key that `sluice key new` made' } },
  tradeServiceUrl: { type: 'text', default: '', group: 'Addresses', meaning: 'Trade service that orders are submitted to, and that is told of fills; while it is empty submissions are refused, and nobody is told. `sluice trade-service` runs one to try out.', pattern: { test: /^$|^https?:\/\//, says: 'an address that begins with http:// or https://' } },
  priceServiceUrl: { type: 'text', default: '', group: 'Addresses', meaning: 'Price service that revaluations ask; while it is empty they are refused. `sluice price-service` runs one to try out.', pattern: { test: /^$|^https?:\/\//, says: 'an address that begins with http:// or https://' } },
  securityServiceUrl: { type: 'text', default: '', group: 'Addresses', meaning: 'Security service whose list (GET /api/v1/securities) says the tickers that orders show; while it is empty they are null.', pattern: { test: /^$|^https?:\/\//, says: 'an address that begins with http:// or https://' } },
  portfolioServiceUrl: { type: 'text', default: '', group: 'Addresses', meaning: 'Portfolio service whose list (GET /api/v1/portfolios) says the names of portfolios that orders show; while it is empty they are null.', pattern: { test: /^$|^https?:\/\//, says: 'an address that begins with http:// or https://' } },

  tlsCert: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: certificate of this node, with those between it and its root; with it REST and /metrics are served over TLS 1.2 or later only. Read at the start.` },
  tlsKey: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: the key of TLS_CERT.` },
  tlsClientCa: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: root of certificates that clients must show, beside their key; health, /docs and /openapi.json ask for none.` },
  postgresCa: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: root of PostgreSQL's certificate. sslmode in POSTGRES_URL says what is checked (disable, require, verify-ca, verify-full); with a root and no mode all is.` },
  natsCa: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: root of NATS' certificate; TLS is also what an address with tls:// means.` },
  natsCredentials: { type: 'text', default: '', group: 'Encryption', meaning: 'Path of a credentials file of NATS (.creds); name and password may also stand in NATS_URL.' },
  natsToken: { type: 'text', default: '', secret: true, group: 'Encryption', meaning: 'Token for NATS.' },
  kafkaTls: { type: 'switch', default: false, group: 'Encryption', meaning: 'Whether Kafka is spoken to over TLS, its certificate signed by a root that Node knows.' },
  kafkaCa: { type: 'text', default: '', group: 'Encryption', meaning: `${FILE}: root of the brokers' certificates; means TLS.` },
  kafkaSasl: { type: 'choice', default: 'none', choices: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'], group: 'Encryption', meaning: 'How Sluice shows Kafka who it is. Plain sends the password as it is: over TLS only.' },
  kafkaCredentials: { type: 'text', default: '', group: 'Encryption', meaning: 'Path of a file with the lines username=... and password=..., for KAFKA_SASL.' },

  requestDeadline: { type: 'number', live: true, default: 25_000, min: 100, max: 600_000, unit: 'ms', group: 'Intake', meaning: 'Longest time a call may take; what is not written by then is withdrawn. Stay below your clients\' own timeout.' },
  maxBatchItems: { type: 'number', live: true, default: 5_000, min: 1, max: 50_000, unit: 'items', group: 'Intake', meaning: 'Most items of a batch that is answered at once.' },
  maxBodyBytes: { type: 'number', live: true, default: 8_388_608, min: 1_024, max: 268_435_456, unit: 'bytes', group: 'Intake', meaning: 'Largest body of a batch that is answered at once, after decompression.' },
  queueMaxItems: { type: 'number', live: true, default: 50_000, min: 100, max: 10_000_000, unit: 'items', group: 'Intake', meaning: 'Most items that may wait for a writer in one edge; beyond, 503 with Retry-After.' },
  queueMaxBytes: { type: 'number', live: true, default: 67_108_864, min: 65_536, max: 4_294_967_296, unit: 'bytes', group: 'Intake', meaning: 'Most bytes of writing requests in one edge, until they are settled; beyond, 503 with Retry-After.' },
  maxRequests: { type: 'number', live: true, default: 2_000, min: 1, max: 100_000, unit: 'count', group: 'Intake', meaning: 'Most writing requests in one edge at the same time; beyond, 503 with Retry-After.' },
  maxReads: { type: 'number', live: true, default: 200, min: 1, max: 100_000, unit: 'count', group: 'Intake', meaning: 'Most reading requests in one edge at the same time; beyond, 503 with Retry-After.' },
  maxConnections: { type: 'number', default: 16_384, min: 10, max: 1_000_000, unit: 'connections', group: 'Intake', meaning: 'Most connections of clients to one edge; beyond, the one that idles longest is closed.' },
  bodiesMaxBytes: { type: 'number', default: 134_217_728, min: 1_024, max: 17_179_869_184, unit: 'bytes', group: 'Intake', meaning: 'Most bytes of bodies in memory over all requests in one edge; beyond, the slowest sender is refused, or who comes.' },
  answersMaxBytes: { type: 'number', default: 134_217_728, min: 1_024, max: 17_179_869_184, unit: 'bytes', group: 'Intake', meaning: 'Most bytes of answers that wait for clients to read them in one edge; beyond, the one that waits longest loses its connection.' },
  answerDeadline: { type: 'number', default: 30_000, min: 100, max: 600_000, unit: 'ms', group: 'Intake', meaning: 'Longest time a client may take to read its answer, or pause while it reads a streamed one; then its connection is closed.' },
  unknownQuery: { type: 'choice', default: 'reject', choices: ['reject', 'ignore'], group: 'Intake', meaning: 'What becomes of a query parameter, sort field or filter value that is not known: 400, or left out and named in Sluice-Ignored.' },
  idempotencyKeep: { type: 'number', default: 24, min: 1, max: 720, unit: 'hours', group: 'Intake', meaning: 'How long an Idempotency-Key is remembered.' },

  maxBatchSize: { type: 'number', live: true, default: 10_000_000, min: 1, max: 1_000_000_000, unit: 'items', group: 'Large batches', meaning: 'Most items of one large batch.' },
  maxConcurrentBatches: { type: 'number', default: 10, min: 1, max: 10_000, unit: 'count', live: true, group: 'Large batches', meaning: 'Large batches that one client may have in flight, being uploaded or carried out; beyond, 503 with Retry-After.' },
  maxUploads: { type: 'number', live: true, default: 16, min: 1, max: 1_000, unit: 'count', group: 'Large batches', meaning: 'Most large uploads in one edge at the same time; beyond, 503 with Retry-After.' },
  uploadIdle: { type: 'number', live: true, default: 60_000, min: 100, max: 3_600_000, unit: 'ms', group: 'Large batches', meaning: 'Longest time that the sender of an upload may send nothing while Sluice waits for it; then the upload is broken off with 408, and may go on from its offset.' },
  maxEventStreams: { type: 'number', live: true, default: 500, min: 1, max: 100_000, unit: 'connections', group: 'Large batches', meaning: 'Most clients of one edge that listen to the events of large batches; beyond, 503 with Retry-After.' },
  parallelism: { type: 'number', live: true, default: 5, min: 1, max: 64, unit: 'count', group: 'Large batches', meaning: 'Segments of a large batch under way at the same time, where the request does not say.' },
  maxParallelism: { type: 'number', live: true, default: 64, min: 1, max: 1_024, unit: 'count', group: 'Large batches', meaning: 'Most parallelism that a request may ask for.' },
  checkpointInterval: { type: 'number', live: true, default: 1_000, min: 1, max: 10_000_000, unit: 'items', group: 'Large batches', meaning: 'Items from one checkpoint to the next, where the request does not say; there is one every 10 s in any case.' },
  largeDeadline: { type: 'number', live: true, default: 14_400_000, min: 1_000, max: 604_800_000, unit: 'ms', group: 'Large batches', meaning: 'Longest time from the start of a large batch to its end, where the request does not say.' },
  priceConnectTimeout: { type: 'number', default: 2_000, min: 10, max: 600_000, unit: 'ms', group: 'Large batches', meaning: 'Longest time to connect to the price service.' },
  priceResponseTimeout: { type: 'number', default: 8_000, min: 10, max: 600_000, unit: 'ms', group: 'Large batches', meaning: 'Longest time that the price service may take to answer; a revaluation is tried again after 10 s in any case.' },
  pausedQueues: { type: 'text', live: true, default: 'none', group: 'Intake', meaning: 'Queues that take nothing new, with commas between: requests, or lanes of large batches (high, normal, low). Writing requests and uploads are refused with 503 queue-paused, staged chunks stay; what is in work is finished. `sluice queues pause` sets it.', pattern: { test: /^(none|(requests|high|normal|low)(,(requests|high|normal|low)){0,3})$/, says: 'none, or some of requests, high, normal, low with commas between' } },
  interactiveShare: { type: 'number', live: true, default: 0.5, min: 0, max: 0.9, unit: 'share', fraction: true, group: 'Large batches', meaning: 'Share of the flush slots that large batches leave free for 10 s after each request that a client waits for, so that such requests stay quick.' },
  laneHigh: { type: 'number', live: true, default: 6, min: 1, max: 100, unit: 'count', group: 'Large batches', meaning: 'Turns of the lane high while all lanes have work: chunks of large batches take turns by these weights.' },
  laneNormal: { type: 'number', live: true, default: 3, min: 1, max: 100, unit: 'count', group: 'Large batches', meaning: 'Turns of the lane normal while all lanes have work: chunks of large batches take turns by these weights.' },
  laneLow: { type: 'number', live: true, default: 1, min: 1, max: 100, unit: 'count', group: 'Large batches', meaning: 'Turns of the lane low while all lanes have work: chunks of large batches take turns by these weights.' },

  maxOrders: { type: 'number', live: true, default: 1_000, min: 1, max: 50_000, unit: 'items', group: 'Orders', meaning: 'Most orders that one request may create.' },
  batchChunkSize: { type: 'number', default: 50, min: 1, max: 1_000, unit: 'items', group: 'Orders', meaning: 'Most orders of one call of the trade service.' },
  submitConcurrency: { type: 'number', default: 15, min: 1, max: 1_000, unit: 'count', group: 'Orders', meaning: 'Chunks of orders that one edge submits at the same time.' },
  submitSlotWait: { type: 'number', default: 5_000, min: 10, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time that a chunk of orders waits for its turn; then 503 with Retry-After.' },
  submitMaxWaiting: { type: 'number', default: 300, min: 1, max: 100_000, unit: 'count', group: 'Orders', meaning: 'Most chunks of orders that wait for their turn in one edge; beyond, 503 with Retry-After at once.' },
  maxSubmitOrders: { type: 'number', default: 100, min: 1, max: 10_000, unit: 'items', group: 'Orders', meaning: 'Most orders of one request to submit them.' },
  submitDeadline: { type: 'number', default: 60_000, min: 100, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time that a request to submit orders may take; what is not known by then is told as pending, and goes on.' },
  submitLoadTimeout: { type: 'number', default: 3_000, min: 100, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time of the statement that reads the orders of a submission.' },
  submitClaimTimeout: { type: 'number', default: 5_000, min: 100, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time of the statement that claims a chunk of orders; a chunk that took longer is claimed in halves.' },
  submissionLease: { type: 'number', default: 90_000, min: 1_000, max: 3_600_000, unit: 'ms', group: 'Orders', meaning: 'How long a claimed order belongs to its submission; only then, and if the trade service does not know it, it is sent again. Longer than connecting and answering may take.' },
  submissionPatience: { type: 'number', default: 900_000, min: 1_000, max: 604_800_000, unit: 'ms', group: 'Orders', meaning: 'How long an order may be in submission before it is flagged for a person; it is still asked about, and not sent any more.' },
  reconcileInterval: { type: 'number', default: 2_000, min: 50, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'How often the trade service is asked about orders whose submission had no known end.' },
  tradeConnectTimeout: { type: 'number', default: 5_000, min: 10, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time to connect to the trade service.' },
  tradeResponseTimeout: { type: 'number', default: 45_000, min: 10, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Longest time that the trade service may take to answer.' },
  tradeBreakerFailures: { type: 'number', live: true, default: 5, min: 1, max: 1_000, unit: 'count', group: 'Orders', meaning: 'Calls in a row that the trade service did not answer, or answered with 5xx, that open its breaker.' },
  tradeBreakerCooldown: { type: 'number', live: true, default: 2_000, min: 10, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'Pause before the open breaker of the trade service lets one call through.' },
  eagerLoading: { type: 'switch', default: true, group: 'Orders', meaning: 'What records show of other tables, and the orders of a submission, are read in one query; off: in one query a record. For measuring and for falling back, as the other four: `BULK_FLUSH`, `SPLIT_TRANSACTIONS`, `BATCHED_UPDATES`, `ASYNC_DELIVERY`.' },
  splitTransactions: { type: 'switch', default: true, live: true, group: 'Orders', meaning: 'A submission holds no connection across its call of the trade service; off: one for each chunk, with an open transaction, from the claim to the update.' },
  batchedUpdates: { type: 'switch', default: true, live: true, group: 'Orders', meaning: 'What became of a chunk of submitted orders is written in one statement; off: in one an order.' },
  orderNamesInterval: { type: 'number', default: 10_000, min: 50, max: 86_400_000, unit: 'ms', group: 'Orders', meaning: 'How often the security and the portfolio service are asked for their lists.' },
  httpKeepAlive: { type: 'number', default: 30_000, min: 100, max: 600_000, unit: 'ms', group: 'Orders', meaning: 'How long an idle connection to another service is kept.' },
  httpConnections: { type: 'number', default: 50, min: 1, max: 10_000, unit: 'connections', group: 'Orders', meaning: 'Most connections of a node to all other services.' },
  httpConnectionsPerOrigin: { type: 'number', default: 25, min: 1, max: 10_000, unit: 'connections', group: 'Orders', meaning: 'Most connections of a node to one other service.' },

  writerConcurrency: { type: 'number', default: 2, min: 1, max: 64, unit: 'count', group: 'Writing', meaning: 'Flushes a writer runs at the same time; where the limiter is on, what it begins with.' },
  writerMaxConcurrency: { type: 'number', default: 4, min: 1, max: 64, unit: 'count', group: 'Writing', meaning: 'Most flushes a writer runs at the same time, whatever the limiter says. Its pool is made for so many.' },
  bulkFlush: { type: 'switch', default: true, live: true, group: 'Writing', meaning: 'A flush is one statement; off: one INSERT a row, in one transaction with the ledger.' },
  limiter: { type: 'switch', default: true, live: true, group: 'Writing', meaning: 'Whether the flushes in flight and the rows of a chunk follow what is measured, for the whole fleet.' },
  limiterSlowFlush: { type: 'number', default: 1_000, min: 10, max: 60_000, unit: 'ms', live: true, group: 'Writing', meaning: 'A flush that takes longer makes the limiter halve the chunks, down to a segment.' },
  bulkInsertBatchSize: { type: 'number', live: true, default: 500, min: 1, max: 2_000, unit: 'rows', group: 'Writing', meaning: 'Rows of a segment: what a large request is cut into, so that its parts are written side by side.' },
  chunkMaxRows: { type: 'number', live: true, default: 2_000, min: 1, max: 2_000, unit: 'rows', group: 'Writing', meaning: 'Most rows that waiting requests share in one flush.' },
  chunkMaxBytes: { type: 'number', live: true, default: 524_288, min: 65_536, max: 786_432, unit: 'bytes', group: 'Writing', meaning: 'Most bytes of one flush; stays below the largest message of NATS.' },
  writeAttempts: { type: 'number', live: true, default: 6, min: 1, max: 20, unit: 'count', group: 'Writing', meaning: 'How often a flush is tried within its deadline before it counts as unknown and is settled.' },
  writeRetryDelay: { type: 'number', live: true, default: 50, min: 1, max: 10_000, unit: 'ms', group: 'Writing', meaning: 'Pause before the second try of a flush; doubles each time, with jitter.' },
  batchLease: { type: 'number', default: 15_000, min: 2_000, max: 300_000, unit: 'ms', group: 'Writing', meaning: 'How long an edge that went silent keeps its batches before another may take them over.' },

  shards: { type: 'number', default: 32, min: 1, max: 1_024, unit: 'count', group: 'Delivery', meaning: 'Shards of the ledger; fixed when the database is first used.' },
  kafkaPartitions: { type: 'number', default: 20, min: 1, max: 1_000, unit: 'count', group: 'Delivery', meaning: 'Partitions of a topic that Sluice creates.' },
  kafkaReplication: { type: 'number', default: 1, min: 1, max: 9, unit: 'count', group: 'Delivery', meaning: 'Replicas of a topic that Sluice creates.' },
  createTopics: { type: 'switch', default: true, group: 'Delivery', meaning: 'Whether the relay creates topics that are missing.' },
  asyncDelivery: { type: 'switch', default: true, live: true, group: 'Delivery', meaning: 'An answer waits for PostgreSQL alone; off: also until everything that was written has been delivered, at most until the deadline.' },
  ordersTopic: { type: 'text', default: 'orders', group: 'Delivery', meaning: 'Kafka topic of executions.', pattern: TOPIC },
  orderEventsTopic: { type: 'text', default: 'order-events', group: 'Delivery', meaning: 'Kafka topic of orders: created, changed, submitted, deleted.', pattern: TOPIC },
  batchesTopic: { type: 'text', default: 'batches', group: 'Delivery', meaning: 'Kafka topic of the events of large batches; none that records go to.', pattern: TOPIC },
  revaluationsTopic: { type: 'text', default: 'revaluations', group: 'Delivery', meaning: 'Kafka topic of revaluations.', pattern: TOPIC },
  batchCommands: { type: 'switch', default: false, group: 'Delivery', meaning: 'Whether the relays take commands for large batches from Kafka.' },
  batchCommandsTopic: { type: 'text', default: 'batches.commands', group: 'Delivery', meaning: 'Kafka topic of those commands; what is wrong with one is told on the topic of this name with .dlq.', pattern: TOPIC },
  batchCommandsKeep: { type: 'number', default: 192, min: 1, max: 8_760, unit: 'hours', group: 'Delivery', meaning: 'How long it is remembered that a command was carried out: longer than its topic keeps messages (Kafka\'s own default is 168 h), or one that is read again could have its effect twice.' },
  itemsTopic: { type: 'text', default: 'batches.items', group: 'Delivery', meaning: 'Kafka topic on which items are handed out that are carried out elsewhere; none that anything else goes to. A kind may name another setting.', pattern: TOPIC },
  relayBatchMessages: { type: 'number', default: 1_500, min: 1, max: 1_900, unit: 'messages', group: 'Delivery', meaning: 'Most messages of one send.' },
  relayPartitionBytes: { type: 'number', default: 900_000, min: 10_000, max: 104_857_600, unit: 'bytes', group: 'Delivery', meaning: 'Most bytes for one partition in one send; stays below the broker\'s message.max.bytes.' },
  relaySendsInFlight: { type: 'number', default: 3, min: 1, max: 32, unit: 'count', group: 'Delivery', meaning: 'Sends of one relay at the same time.' },
  relayPoll: { type: 'number', default: 200, min: 10, max: 60_000, unit: 'ms', group: 'Delivery', meaning: 'How often an idle relay looks into the ledger when nothing nudges it.' },
  shardLease: { type: 'number', default: 10_000, min: 1_000, max: 120_000, unit: 'ms', group: 'Delivery', meaning: 'How long a silent relay keeps its shards; renewed at three tenths of it.' },
  kafkaRequestTimeout: { type: 'number', default: 5_000, min: 500, max: 60_000, unit: 'ms', group: 'Delivery', meaning: 'Longest time for one request to a broker.' },
  maxRetries: { type: 'number', live: true, default: 3, min: 0, max: 100, unit: 'count', group: 'Delivery', meaning: 'Tries after the first that a refused message gets.' },
  retryInitialDelay: { type: 'number', live: true, default: 1_000, min: 1, max: 600_000, unit: 'ms', group: 'Delivery', meaning: 'Pause before the first retry of a delivery.' },
  retryMultiplier: { type: 'number', live: true, default: 2, min: 1, max: 10, unit: 'count', fraction: true, group: 'Delivery', meaning: 'Factor from one pause to the next.' },
  retryMaxDelay: { type: 'number', live: true, default: 30_000, min: 1, max: 3_600_000, unit: 'ms', group: 'Delivery', meaning: 'Longest pause between retries of a delivery.' },
  replayRate: { type: 'number', live: true, default: 100, min: 1, max: 100_000, unit: 'messages', group: 'Delivery', meaning: 'Dead letters that a replay releases each second, where the request does not say.' },
  replayMaxRate: { type: 'number', live: true, default: 5_000, min: 1, max: 100_000, unit: 'messages', group: 'Delivery', meaning: 'Most dead letters a second that a replay may ask for.' },
  breakerFailures: { type: 'number', live: true, default: 3, min: 1, max: 100, unit: 'count', group: 'Delivery', meaning: 'Failures in a row of a whole cluster that open its breaker.' },
  breakerCooldown: { type: 'number', live: true, default: 1_000, min: 10, max: 600_000, unit: 'ms', group: 'Delivery', meaning: 'Pause before an open breaker lets one probe through.' },

  writers: { type: 'number', default: 0, min: 0, max: 256, unit: 'processes', group: 'Fleet', meaning: 'Writer processes that `sluice up` starts; 0 takes what the cores bear, at least 2.' },
  relays: { type: 'number', default: 1, min: 0, max: 64, unit: 'processes', group: 'Fleet', meaning: 'Relay processes that `sluice up` starts.' },
  namespace: { type: 'text', default: 'sluice', group: 'Fleet', meaning: 'Name of the fleet on NATS; nodes of different names do not see each other.', pattern: { test: /^[A-Za-z0-9_-]{1,64}$/, says: 'letters, digits, - and _' } },
  nodeId: { type: 'text', default: '', group: 'Fleet', meaning: 'Name of this node; empty makes one of role, host and process.', pattern: { test: /^[A-Za-z0-9_.-]{0,128}$/, says: 'letters, digits, dot, - and _' } },
  nodeTags: { type: 'text', default: '', group: 'Fleet', meaning: 'Tags of this node, comma separated: of batches that are carried out item by item and have tags, it takes only those all of whose tags it has.', pattern: { test: /^$|^[A-Za-z0-9._-]{1,64}(\s*,\s*[A-Za-z0-9._-]{1,64})*$/, says: 'names of letters, digits, dot, - and _, with commas between' } },
  recordKinds: { type: 'text', default: '', group: 'Fleet', meaning: 'Further record kind files beside those of shared/records, comma separated.' },
  advertiseHost: { type: 'text', default: '', group: 'Fleet', meaning: 'Name or address under which other machines, Prometheus among them, reach this node; empty takes HOST, or where that is every address of the machine, its first one beyond loopback.', pattern: { test: /^[A-Za-z0-9_.:-]{0,253}$/, says: 'a host name or an address, without a port' } },
  heartbeat: { type: 'number', default: 2, min: 1, max: 60, unit: 's', group: 'Fleet', meaning: 'Interval of the nodes\' heartbeats; a node silent for four of them counts as gone.' },
  drainTimeout: { type: 'number', default: 30_000, min: 1_000, max: 600_000, unit: 'ms', group: 'Fleet', meaning: 'Longest time a stopping node takes to finish work in flight.' },

  edgePool: { type: 'number', default: 8, min: 2, max: 200, unit: 'connections', group: 'PostgreSQL', meaning: 'Connections of an edge.' },
  relayPool: { type: 'number', default: 12, min: 2, max: 100, unit: 'connections', group: 'PostgreSQL', meaning: 'Connections of a relay.' },
  statementTimeout: { type: 'number', default: 5_000, min: 100, max: 600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Longest time of one statement.' },
  lockTimeout: { type: 'number', default: 2_000, min: 50, max: 600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Longest wait for a lock.' },
  acquireTimeout: { type: 'number', default: 2_000, min: 50, max: 600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Longest wait for a connection of the pool.' },
  poolReserve: { type: 'number', default: 5, min: 0, max: 100_000, unit: 'connections', group: 'PostgreSQL', meaning: 'Connections that the nodes of this database together leave to others: psql, migrations, other programs and databases of the same server. max_connections less those for superusers and these is what all pools share.' },
  poolLease: { type: 'number', default: 15_000, min: 300, max: 300_000, unit: 'ms', group: 'PostgreSQL', meaning: 'How long a silent node keeps its share of the connections; renewed at a third of it.' },
  poolBreakerSamples: { type: 'number', live: true, default: 3, min: 1, max: 100, unit: 'count', group: 'PostgreSQL', meaning: 'Samples in a row of exhausted pools that open the admission breaker: writing requests are refused then, with Retry-After, and reads go on.' },
  poolBreakerCooldown: { type: 'number', live: true, default: 15_000, min: 100, max: 600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Pause before the open admission breaker lets one writing request of an edge through at a time.' },
  heldConnection: { type: 'number', live: true, default: 30_000, min: 100, max: 3_600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'How long a connection of a pool may be held before it is reported, with the name of its query and the service that took it.' },
  verifyTimeout: { type: 'number', default: 120_000, min: 1_000, max: 3_600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Longest time that one check of the law by `sluice verify` or GET /api/v1/verify may take; the other limits don\'t concern it.' },
  transactionTimeout: { type: 'number', default: 8_000, min: 100, max: 600_000, unit: 'ms', group: 'PostgreSQL', meaning: 'Longest time of one transaction.' },

  logLevel: { type: 'choice', live: true, default: 'info', choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], group: 'Observing', meaning: 'Least severe log lines that are written.' },
  logFormat: { type: 'choice', default: 'auto', choices: ['auto', 'json', 'pretty'], group: 'Observing', meaning: 'Form of the log; auto is pretty on a terminal and JSON elsewhere.' },
  tracesUrl: { type: 'text', env: 'OTEL_EXPORTER_OTLP_ENDPOINT', default: '', group: 'Observing', meaning: 'Collector that traces are told to, by OTLP over HTTP (JSON, at /v1/traces below this address); empty tells none.', pattern: { test: /^$|^https?:\/\//, says: 'an address that begins with http:// or https://' } },
  tracesSample: { type: 'number', live: true, default: 0.01, min: 0, max: 1, unit: 'share', fraction: true, group: 'Observing', meaning: 'Share of the requests without a traceparent of their own that are traced; who sends one decides itself.' },
  verifyInterval: { type: 'number', default: 60_000, min: 0, max: 86_400_000, unit: 'ms', group: 'Observing', meaning: 'How often one relay of the fleet checks the law in the background, piece by piece, for the law_ gauges; 0 never does.' },
  databaseSampleInterval: { type: 'number', default: 15_000, min: 100, max: 3_600_000, unit: 'ms', group: 'Observing', meaning: 'How often one relay of the fleet tells in its metrics what only the database knows: large batches by state, ids, size.' },
  databaseRoom: { type: 'number', default: 0, min: 0, max: 1_125_899_906_842_624, unit: 'bytes', group: 'Observing', meaning: 'What the database may grow to, for the alert on it; 0 looks at the disk where PostgreSQL is on the relay\'s machine, and else knows nothing.' },
  poolSampleInterval: { type: 'number', default: 5_000, min: 100, max: 60_000, unit: 'ms', group: 'Observing', meaning: 'How often the pool monitor samples every pool.' },
  slowStatement: { type: 'number', live: true, default: 1_000, min: 10, max: 3_600_000, unit: 'ms', group: 'Observing', meaning: 'How long a statement runs in PostgreSQL before the pool monitor counts it as slow.' },
} as const satisfies Record<string, SettingRow>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<R extends SettingRow> = R extends NumberRow ? number : R extends SwitchRow ? boolean : R extends ChoiceRow ? R['choices'][number] : string;

/** All settings with their values, checked. */
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> };

/** The environment variable that carries a setting. */
export function envOf(name: SettingName): string {
  const row: SettingRow = SETTINGS[name];
  return row.env ?? name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase();
}
