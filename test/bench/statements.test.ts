import { countStatements, type StatementCounter } from '../../bench/harness/statement-counter.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

const ITEMS = 1_000;
const item = (index: number) => ({ tradeType: 'BUY', destination: 'NYSE', securityId: String(index).padStart(24, 'S'), quantity: 100, limitPrice: 12.5 });

describe('statements for a batch, on the wire to PostgreSQL', () => {
  let database: TestDatabase;
  let counter: StatementCounter;
  let system: TestSystem;
  beforeAll(async () => {
    database = await createDatabase();
    counter = await countStatements(database.url);
    system = await startSystem({ settings: { postgresUrl: counter.url } });
  });
  afterAll(async () => {
    await system.stop();
    await counter.close();
    await database.drop();
  });

  test('F1 a batch of 1,000 takes at least 90 % fewer statements than one for each item', async () => {
    const before = counter.count();
    const response = await fetch(`${system.url}/api/v1/executions/batch`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ executions: Array.from({ length: ITEMS }, (_, i) => item(i)) }) });
    expect(await response.json()).toMatchObject({ status: 'SUCCESS', successful: ITEMS });
    expect(counter.count() - before).toBeGreaterThan(0);
    expect(counter.count() - before).toBeLessThanOrEqual(ITEMS * 0.1);
  });
});
