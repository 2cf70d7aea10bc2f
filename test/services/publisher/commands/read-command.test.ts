import { LONGEST_COMMAND, readCommand } from '../../../../services/publisher/commands/read-command.ts';
import { schemaOf } from '../../../helpers/event-schemas.ts';

const ID = '019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001';
const read = (value: unknown, eventId?: string) => readCommand({ topic: 'c', partition: 2, offset: '7', value: typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value)), eventId });

test('an event is read with its own name, else that of its header, else its place; a name counts for its batch alone', () => {
  const start = { type: 'BatchInitialized', batchId: ID };
  expect(read({ ...start, id: 'mine' }, 'header')).toEqual({ command: { type: 'BatchInitialized', batchId: ID, id: `${ID} mine` } });
  expect(read(start, 'header')).toEqual({ command: { type: 'BatchInitialized', batchId: ID, id: `${ID} header` } });
  expect(read(start)).toEqual({ command: { type: 'BatchInitialized', batchId: ID, id: `${ID} c/2/7` } });
  expect(read({ type: 'ResourcesAllocated', batchId: ID, parallelism: 3 })).toMatchObject({ command: { parallelism: 3 } });
  expect(read({ type: 'ItemProcessingCompleted', batchId: ID, index: 4, attempt: 1, result: { value: '1.5' } })).toMatchObject({ command: { index: 4, attempt: 1, result: { value: '1.5' }, error: null } });
});

test.each<[string, unknown, string]>([
  ['not JSON', '{"type":', 'invalid-json'], ['not UTF-8', '\u00ff', 'invalid-json'], ['an array', [], 'not-an-object'], ['null', null, 'not-an-object'], ['of no type', {}, 'unknown-type'],
  ['of a type of objects', { type: '__proto__' }, 'unknown-type'], ['an event that goes out', { type: 'BatchExecuted', batchId: ID }, 'unknown-type'],
  ['of no batch', { type: 'BatchInitialized' }, 'required'], ['of a batch in no form', { type: 'BatchInitialized', batchId: 'X'.repeat(36) }, 'format'],
  ['with an unknown member', { type: 'BatchInitialized', batchId: ID, more: 1 }, 'unknown-field'], ['with a result that is not its own', { type: 'BatchInitialized', batchId: ID, result: 1 }, 'unknown-field'],
  ['F6 with a name that cannot be stored', { type: 'BatchInitialized', batchId: ID, id: 'a\u0000b' }, 'characters'], ['with a name of spaces', { type: 'BatchInitialized', batchId: ID, id: ' ' }, 'format'],
  ['with a fraction of parallelism', { type: 'ResourcesAllocated', batchId: ID, parallelism: 1.5 }, 'type'], ['with no parallelism', { type: 'ResourcesAllocated', batchId: ID, parallelism: 0 }, 'range'],
  ['done and failed at once', { type: 'ItemProcessingCompleted', batchId: ID, index: 0, attempt: 1, result: 1, error: { category: 'ITEM_ERROR', message: 'no' } }, 'result-and-error'],
  ['failed for no known reason', { type: 'ItemProcessingCompleted', batchId: ID, index: 0, attempt: 1, error: { category: 'MINE', message: 'no' } }, 'enum'],
  ['too large', { type: 'ItemProcessingCompleted', batchId: ID, index: 0, attempt: 1, result: 'x'.repeat(LONGEST_COMMAND) }, 'too-large'],
])('a message that is %s is refused, with a code and a sentence', (_, value, code) => {
  const raw = value === '\u00ff' ? readCommand({ topic: 'c', partition: 0, offset: '0', value: Buffer.from([0x22, 0xff, 0x22]), eventId: undefined }) : read(value);
  expect(raw).toMatchObject({ code, reason: expect.stringMatching(/\.$/) as string });
});

test('what the schemas in docs/events refuse is refused, and what they take is taken', () => {
  const values = [undefined, null, '', 'a', ID, 0, 1, -1, 1.5, {}, [], { category: 'ITEM_ERROR', message: 'no' }, { category: 'ITEM_ERROR' }];
  for (const good of [{ type: 'BatchInitialized', batchId: ID }, { type: 'ResourcesAllocated', batchId: ID, parallelism: 3 }, { type: 'ItemProcessingCompleted', batchId: ID, index: 0, attempt: 1 }]) {
    const schema = schemaOf(good.type);
    for (const member of ['batchId', 'id', 'parallelism', 'index', 'attempt', 'error', 'other']) {
      for (const value of values) {
        const message = JSON.parse(JSON.stringify({ ...good, [member]: value })) as Record<string, unknown>;
        expect([message, 'command' in read(message)]).toEqual([message, schema(message).length === 0]);
      }
    }
  }
});
