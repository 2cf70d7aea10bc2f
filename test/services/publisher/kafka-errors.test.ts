import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { classifyKafkaError, knowsKafkaError } from '../../../services/publisher/kafka-errors.ts';

const wrapped = (cause: Error) => Object.assign(new kafkajs.KafkaJSNonRetriableError('wrapped'), { cause: new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 0, retryTime: 0 }) });
const protocol = (type: string) => new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 0, retriable: true, name: 'x', helpUrl: undefined, stack: '', message: type }));

test.each([
  [protocol('LEADER_NOT_AVAILABLE'), 'partition', false],
  [protocol('MESSAGE_TOO_LARGE'), 'record-batch', false],
  [protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'configuration', false],
  [protocol('TOPIC_AUTHORIZATION_FAILED'), 'configuration', false],
  [protocol('SOMETHING_NEW'), 'partition', false],
  [new kafkajs.KafkaJSConnectionError('Connection error: connect ECONNREFUSED', { code: 'ECONNREFUSED' }), 'cluster', false],
  [new kafkajs.KafkaJSConnectionError('Connection error: read ECONNRESET', { code: 'ECONNRESET' }), 'cluster', true],
  [new kafkajs.KafkaJSRequestTimeoutError('Request Produce timed out'), 'cluster', true],
  [new Error('something else'), 'cluster', true],
])('%s concerns the %s, however kafkajs wraps it; what was sent may still arrive: %s', (error, failureClass, unsettled) => {
  for (const given of [error, wrapped(error)]) expect(classifyKafkaError(given)).toMatchObject({ class: failureClass, unsettled });
});

test('every error code that kafkajs knows has its line in the table', () => {
  const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as { errorCodes: { type: string }[] };
  expect(errorCodes.length).toBeGreaterThan(80);
  expect(errorCodes.map((e) => e.type).filter((type) => !knowsKafkaError(type))).toEqual([]);
});

test('F65 only what a broker says of a record batch can become a message\'s fault', () => {
  const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as { errorCodes: { type: string }[] };
  const blaming = errorCodes.filter((e) => ['record-batch', 'message'].includes(classifyKafkaError(protocol(e.type)).class)).map((e) => e.type);
  expect(blaming.sort()).toEqual(['CORRUPT_MESSAGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'UNSUPPORTED_COMPRESSION_TYPE', 'UNSUPPORTED_FOR_MESSAGE_FORMAT']);
});
