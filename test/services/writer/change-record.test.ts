import { v7 as uuidv7 } from 'uuid';
import { changeRecord } from '../../../services/writer/change-record.ts';
import type { ChangeOutcome, ChangeRecord } from '../../../shared/contracts/actions.ts';
import { chunkOf, executionValues, startEngine, type Engine } from '../../helpers/engine.ts';

describe('changing one record', () => {
  let engine: Engine;
  let id = 0;
  beforeAll(async () => {
    engine = await startEngine({ poolMax: 16 });
  });
  beforeEach(async () => {
    id += 1_024;
    await engine.write(chunkOf('execution', [{ firstId: id, rows: [executionValues(1, { tradeServiceExecutionId: '7' })] }]));
  });
  afterAll(() => engine.close());

  const change = (over: Partial<ChangeRecord> = {}): Promise<ChangeOutcome> => {
    const { record, table, columns } = engine.executions;
    return changeRecord(engine.tools.fork(), { record, table, columns }, { kind: 'execution', id, body: { quantityFilled: '10.00000000' }, version: 1, batchId: uuidv7(), client: 'anonymous', deadlineMs: 5_000, trace: '', ...over }, 'writer-test', engine.settings);
  };
  const ledger = () => engine.rows<{ version: number; sink: string }>(`select version, sink from ledger where first_id = $1 and op = 'update' order by id`, [id]);

  test('a fill sets status and quantities exactly, moves the version, and leaves a ledger row', async () => {
    await expect(change({ body: { quantityFilled: '99.99999999', averagePrice: '1.10000000' } })).resolves.toMatchObject({ outcome: 'changed', row: { executionStatus: 'PART', quantityFilled: '99.99999999', averagePrice: '1.10000000', version: '2' }, sentAt: null });
    await expect(change({ body: { quantityFilled: '100.00000000' }, version: 2 })).resolves.toMatchObject({ row: { executionStatus: 'FULL', averagePrice: '1.10000000' } });
    await expect(ledger()).resolves.toEqual([{ version: 2, sink: 'kafka:orders' }, { version: 3, sink: 'kafka:orders' }]);
  });

  test('F4 of twenty changes of one version at once one is made, and the others are told the version it has now', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => change()));
    expect(outcomes.filter((o) => o.outcome === 'changed')).toHaveLength(1);
    expect(outcomes.filter((o) => o.outcome === 'stale' && o.version === 2)).toHaveLength(19);
    await expect(ledger()).resolves.toHaveLength(1);
  });

  test('the same batch id again answers as the first did, and changes nothing; at once too', async () => {
    const batchId = uuidv7();
    const outcomes = await Promise.all([change({ batchId }), change({ batchId }), change({ batchId })]);
    expect(outcomes.map((o) => o.outcome).sort()).toEqual(['changed', 'repeat', 'repeat']);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ row: { version: '2', quantityFilled: '10.00000000' } });
    await expect(ledger()).resolves.toHaveLength(1);
  });

  test('a change that was not made leaves neither batch nor ledger row, so its id may be used again', async () => {
    const batchId = uuidv7();
    await expect(change({ batchId, version: 9 })).resolves.toEqual({ outcome: 'stale', version: 1 });
    await expect(change({ batchId, id: id + 1 })).resolves.toEqual({ outcome: 'missing' });
    await expect(change({ batchId, body: {} })).resolves.toMatchObject({ outcome: 'refused', faults: [{ pointer: '/quantityFilled', code: 'required' }] });
    await expect(engine.rows('select 1 from batch where id = $1', [batchId])).resolves.toEqual([]);
    await expect(change({ batchId })).resolves.toMatchObject({ outcome: 'changed' });
  });

  test('F64 the order of a record\'s ledger rows is the order of its commits, with many changing it at once', async () => {
    let version = 1;
    while (version <= 30) {
      const outcomes = await Promise.all([0, 1, 2, 3].map((n) => change({ version: version + (n % 2), body: { quantityFilled: `${version}.0000000${n}` } })));
      version += outcomes.filter((o) => o.outcome === 'changed').length;
    }
    const versions = (await ledger()).map((row) => row.version);
    expect(versions).toEqual(versions.map((_, i) => i + 2));
  });
});
