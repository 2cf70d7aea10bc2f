import { columnsOf } from '../../../shared/records/columns.ts';
import execution from '../../../shared/records/execution.kind.ts';
import { startEngine, type Engine } from '../../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('F7 the hot table has one index for each filter of its lists that many records can share, and none besides its key', async () => {
  const indexes = await engine.rows<{ first: string; key: boolean }>(
    `select a.attname as first, i.indisprimary as key from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] where i.indrelid = 'execution'::regclass`);
  const columnOf = new Map(columnsOf(engine.database.orm, execution).map(({ property, column }) => [property, column]));
  const filters = Object.values(execution.list.filters).map(({ property }) => columnOf.get(property)).filter((column) => column !== 'id');
  expect(indexes.filter(({ key }) => key).map(({ first }) => first)).toEqual(['id']);
  expect(indexes.filter(({ key }) => !key).map(({ first }) => first).sort()).toEqual(filters.sort());
});
