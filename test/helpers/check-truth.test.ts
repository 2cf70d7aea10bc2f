import { checkTruth, type Told } from './check-truth.ts';
import { chunkOf, executionValues, startEngine, type Engine } from './engine.ts';

describe('comparing answers with the tables', () => {
  let engine: Engine;
  const told: Told[] = Array.from({ length: 5 }, (_, i) => ({ mark: executionValues(i).securityId ?? '', fate: 'stored', id: 10 + i }));
  beforeEach(async () => {
    engine = await startEngine();
    await engine.write(chunkOf('execution', [{ firstId: 10, rows: told.map((_, i) => executionValues(i)) }]));
  });
  afterEach(() => engine.close());
  const lies = async (answers: readonly Told[] = told) => (await checkTruth(engine.url, answers)).lies.join('\n');

  test('finds nothing where all is true', () => expect(lies()).resolves.toBe(''));

  test.each([
    ['a row that is gone', 'delete from execution where id = 12', /told stored.*\n.*rows are not as many/s],
    ['a row twice', `insert into execution select 2000, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp from execution where id = 12`, /told stored.*in no slice/s],
    ['a slice that overlaps another', `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state) select batch_id, 2, op, sink, kind, 1, shard, 12, 1, 1, 0, node, state from ledger`, /in several.*overlap/s],
    ['a slice of another shard', 'update ledger set shard = 5', /another shard/],
    ['a refusal without its reason', 'update ledger set written = 4, rejected = 1', /not as many as written.*without as many reasons/s],
    ['a reason of another slice', `update ledger set rejects = '[[9, "x", "", ""]]'`, /other items than theirs/],
  ])('finds %s', async (_, sql, found) => {
    await engine.rows(sql);
    await expect(lies()).resolves.toMatch(found);
  });

  test('finds what was told withdrawn and is there, and what is there and nobody was told of', async () => {
    await expect(lies([{ ...(told[0] as Told), fate: 'withdrawn' }, ...told.slice(2)])).resolves.toMatch(/told withdrawn[^]*nobody was told/);
  });
});
