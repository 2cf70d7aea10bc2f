import { startPriceService, type PriceService } from '../../bin/price-service/price-service.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const LONG = { timeoutMs: 60_000 };
let prices: PriceService;
let system: TestSystem;
beforeAll(async () => {
  prices = await startPriceService();
  system = await startSystem({ relays: 1, settings: { priceServiceUrl: prices.url } });
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await prices?.close();
});

test('revaluations are delivered like all other records: each once the batch has stored it, with exact digits, on a topic of their own', async () => {
  const { results = [] } = (await send(system.url, 'POST', '/api/v1/executions/batch', { executions: Array.from({ length: 30 }, (_, i) => execution({ quantity: `${i + 1}.12345678` })) })).body;
  const body = results.map((result) => `{"executionId":${result.execution?.id as number}}\n`).join('');
  const { batchId } = (await send(system.url, 'POST', '/api/v1/batches/revaluations', body, { 'Content-Type': 'application/x-ndjson' })).body;
  await waitFor(async () => (await query(system.databaseUrl, `select from ledger where batch_id = $1 and op = 'insert' and sink = $2 and state = 'done'`, [batchId, `kafka:${system.settings.revaluationsTopic}`])).length > 0, { ...LONG, what: 'the revaluations to be delivered' });
  const reader = await TopicReader.open(kafkaBrokers(), system.settings.revaluationsTopic);
  try {
    await waitFor(() => reader.seen.length >= 30, { ...LONG, what: 'the messages' });
    const stored = new Map((await query<{ id: string; value: string }>(system.databaseUrl, 'select id, market_value as value from revaluation')).map((r) => [Number(r.id), r.value]));
    for (const { id, value, headers } of reader.seen) {
      expect(value).toContain(`"marketValue":${stored.get(id) ?? '?'}`);
      expect(headers).toMatchObject({ ce_id: `revaluation:${id}:1`, ce_type: 'sluice.revaluation.insert' });
    }
    expect(new Set(reader.seen.map((m) => m.id))).toEqual(new Set(stored.keys()));
  } finally {
    await reader.close();
  }
  expect((await send(system.url, 'GET', '/api/v1/verify')).body.holds).toBe(true);
}, 90_000);
