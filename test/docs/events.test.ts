import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS_IN, EVENTS_OUT, ITEM_REQUESTED } from '../../shared/batches/batch-events.ts';
import { schemaOf } from '../helpers/event-schemas.ts';

type Message = Record<string, unknown>;

const ID = '019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001';
const AT = '2026-11-22T10:00:00.123Z';
const head = (type: string, state: string): Message => ({ type, batchId: ID, number: 4, kind: 'execution', state, tags: ['night'], parent: null, at: AT });
const outcome = (batchCompleted: boolean): Message => ({
  executionResults: { batchCompleted, itemsProcessed: 3, itemsSuccessful: 2, itemsFailed: 1, successRate: 0.666667 }, processingTimestamp: AT,
  executionMetadata: { executionDuration: 12, averageItemTime: 4, parallelismAchieved: null, checkpointsCreated: 1 },
});

/** Good messages; those that Sluice really sends are held against the schemas in test/flow/batch-events.test.ts. */
const GOOD: Record<string, Message> = {
  CheckpointCreated: { ...head('CheckpointCreated', 'RECEIVING'), checkpoint: { no: 1, at: AT, items: 3, bytes: 100, written: 2, rejected: 1 } },
  BatchExecuted: { ...head('BatchExecuted', 'COMPLETED'), ...outcome(true) },
  ExecutionFailed: { ...head('ExecutionFailed', 'FAILED'), status: 'ERROR', errorCode: 'error-policy', errorMessage: 'Too many.', details: { systemErrors: 0, resourceErrors: 0, dataErrors: 1, timeoutErrors: 0 }, ...outcome(false) },
  BatchInitialized: { type: 'BatchInitialized', batchId: ID },
  ResourcesAllocated: { type: 'ResourcesAllocated', batchId: ID, parallelism: 3 },
  ItemProcessingRequested: { type: 'ItemProcessingRequested', batchId: ID, index: 0, attempt: 1, idempotencyKey: `${ID}:0`, kind: 'outwork', tags: [], item: {}, timeLimitMs: 1_000, at: AT },
  ItemProcessingCompleted: { type: 'ItemProcessingCompleted', batchId: ID, index: 0, attempt: 1 },
};

test('there is a schema for each event, and none for another', () => {
  const files = readdirSync(join(import.meta.dirname, '../../docs/events')).filter((f) => f.endsWith('.schema.json')).map((f) => f.replace('.schema.json', ''));
  expect(files.sort()).toEqual([...EVENTS_IN, ...EVENTS_OUT, ITEM_REQUESTED].sort());
});

test.each(Object.keys(GOOD))('%s: a good one is valid; without a member, with one too many, or of another sort it is not', (type) => {
  const faults = schemaOf(type);
  const good = GOOD[type] as Message;
  expect(faults(good)).toEqual([]);
  for (const member of Object.keys(good)) {
    const { [member]: _, ...rest } = good;
    expect([member, faults(rest).length > 0]).toEqual([member, true]);
    expect([member, faults({ ...good, [member]: { surprise: { deep: 1 } } }).length > 0]).toEqual([member, true]);
  }
  expect(faults({ ...good, surprise: 1 })).not.toEqual([]);
  const another = Object.keys(GOOD).find((other) => other !== type) ?? '';
  expect(faults({ ...good, type: another })).not.toEqual([]);
});

test.each<[string, Message]>([
  ['CheckpointCreated', { state: 'COMPLETED' }], ['CheckpointCreated', { number: 0 }], ['BatchExecuted', { state: 'FAILED' }], ['BatchExecuted', { at: 'yesterday' }], ['BatchExecuted', outcome(false)],
  ['ExecutionFailed', { errorCode: '' }], ['ExecutionFailed', outcome(true)], ['BatchInitialized', { batchId: 'x' }], ['BatchInitialized', { id: '' }], ['ResourcesAllocated', { parallelism: 0 }], ['ResourcesAllocated', { parallelism: 1.5 }],
  ['ItemProcessingCompleted', { index: -1 }], ['ItemProcessingCompleted', { result: 1, error: { category: 'ITEM_ERROR', message: 'no' } }], ['ItemProcessingCompleted', { error: { category: 'MY_ERROR', message: 'no' } }],
])('%s with %j is refused', (type, over) => {
  expect(schemaOf(type)({ ...GOOD[type], ...over })).not.toEqual([]);
});
