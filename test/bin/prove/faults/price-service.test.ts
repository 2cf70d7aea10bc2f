import { priceOf } from '../../../../bin/prove/load/revaluations.ts';
import { execution } from '../../../helpers/executions.ts';
import { send } from '../../../helpers/http.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { smallSystem } from './small-system.ts';

const system = smallSystem();
const LONG = { timeoutMs: 120_000 };
const TEST_MS = 180_000;
const ITEMS = 10;
/** Items of a batch under way, unless it says otherwise. */
const AT_ONCE = 5;
const securityOf = (request: number, index: number) => `TESTR${String(request).padStart(12, '0')}I${String(index).padStart(6, '0')}`;

/** Executions of a request of the load, and a batch of their revaluations that waits for its start. */
async function revaluations(request: number): Promise<string> {
  const executions = Array.from({ length: ITEMS }, (_, index) => execution({ securityId: securityOf(request, index) }));
  const ids = await waitFor(async () => {
    const { status, body } = await send(system.url, 'POST', '/api/v1/executions/batch', { executions });
    return status === 201 ? (body.results ?? []).map(({ execution: stored }) => Number(stored?.id)) : undefined;
  }, { ...LONG, what: 'the executions to be stored' });
  const { status, body } = await send(system.url, 'POST', '/api/v1/batches/revaluations?start=manual', ids.map((executionId) => `{"executionId":${executionId}}\n`).join(''), { 'Content-Type': 'application/x-ndjson' });
  expect(status).toBe(202);
  return body.batchId as string;
}
const start = (id: string) => send(system.url, 'POST', `/api/v1/batches/${id}/start`);
/** The batch once it is completed; an edge that is away just now is asked again. */
const completed = (id: string) =>
  waitFor(async () => {
    const answer = await send(system.url, 'GET', `/api/v1/batches/${id}`).catch(() => undefined);
    return answer?.body.state === 'COMPLETED' ? answer.body : undefined;
  }, { ...LONG, what: 'the batch to be completed' });
const receipts = async (id: string) => (await send(system.url, 'GET', `/api/v1/batches/${id}/items`)).text.trim().split('\n').map((line) => JSON.parse(line) as { status: string; errors?: { code: string; message: string }[] });

test('poison-item: the edge dies of it, and its chunk ends with that item refused and the reason told, never in a circle', async () => {
  const id = await revaluations(1);
  const [edge] = system.target.nodes('edge');
  const before = edge?.pid;
  const end = await system.inject('poison-item');
  await start(id);
  await edge?.untilBack(before, AbortSignal.timeout(LONG.timeoutMs));
  await completed(id);
  await end();
  const told = await receipts(id);
  expect(told[7]).toMatchObject({ status: 'FAILED', errors: [{ code: 'SYSTEM_ERROR', message: expect.stringContaining('the node died') as string }] });
  const stored = await system.target.postgres.sql<{ price: string; securityId: string }>(`select r.price::text, e.security_id as "securityId" from revaluation r join execution e on e.id = r.execution_id where e.security_id like 'TESTR000000000001I%'`);
  expect(stored.length).toBe(told.filter(({ status }) => status === 'SUCCESS').length);
  for (const { price, securityId } of stored) expect(price).toBe(priceOf(securityId));
}, TEST_MS);

test.each([['prices-failing', 2, 503], ['prices-hanging', 3, 'nothing']] as const)('%s: items go without a price, and ask again once the service is well', async (name, request, instead) => {
  const id = await revaluations(request);
  const end = await system.inject(name);
  const { prices } = system.target;
  const answering = prices.answering;
  const told: unknown[] = [];
  prices.answering = (...question) => {
    told.push(answering?.(...question));
    return answering?.(...question);
  };
  await start(id);
  await waitFor(() => told.length >= AT_ONCE, { ...LONG, what: 'items to ask' });
  await end();
  expect(told).toEqual(told.map(() => instead));
  await completed(id);
  expect((await receipts(id)).map(({ status }) => status)).toEqual(new Array(ITEMS).fill('SUCCESS'));
}, TEST_MS);
