import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { send } from '../helpers/http.ts';
import { order } from '../helpers/order-items.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SECURITY = 'SECURITY0123456789012345';
const PORTFOLIO = 'PORTFOLIO012345678901234';

/** What both services answer, as it stands. */
const answers = { securities: '', portfolios: '', status: 200, hangs: false };
const asked: string[] = [];
let service: Server;
let system: TestSystem;

function answer(req: IncomingMessage, res: ServerResponse): void {
  asked.push(req.url ?? '');
  if (answers.hangs) return;
  res.writeHead(answers.status, { 'Content-Type': 'application/json' }).end(req.url === '/api/v1/securities' ? answers.securities : answers.portfolios);
}

beforeAll(async () => {
  service = createServer(answer).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  system = await startSystem({ settings: { securityServiceUrl: url, portfolioServiceUrl: url, orderNamesInterval: 100 } });
});
afterAll(async () => {
  await system.stop();
  service.closeAllConnections();
  service.close();
});
beforeEach(() => Object.assign(answers, { securities: '[]', portfolios: '[]', status: 200, hangs: false }));

const shown = async (id: number) => {
  const { body } = await send(system.url, 'GET', `/api/v1/order/${id}`);
  return [(body.security as { ticker: string }).ticker, (body.portfolio as { name: string }).name];
};
const becomes = (id: number, names: (string | null)[]) => waitFor(async () => JSON.stringify(await shown(id)) === JSON.stringify(names), { timeoutMs: 30_000, what: `the names ${names.join(' and ')}` });
const moreAsked = async () => {
  const before = asked.length;
  await waitFor(() => asked.length > before + 4, { timeoutMs: 30_000, what: 'the services to be asked again' });
};

test('tickers and names come from the services\' lists, whole ones, and follow them', async () => {
  answers.securities = JSON.stringify([{ securityId: 'X'.repeat(24), ticker: 'OTHER' }, { securityId: 5 }, { securityId: SECURITY, ticker: 'IBM' }]);
  answers.portfolios = JSON.stringify([{ portfolioId: PORTFOLIO, name: 'Pension fund' }]);
  const { body } = await send(system.url, 'POST', '/api/v1/orders', [order()]);
  const id = (body.orders as { orderId: number }[])[0]?.orderId ?? 0;
  await becomes(id, ['IBM', 'Pension fund']);
  expect((await send(system.url, 'GET', '/api/v1/orders?security.ticker=IBM&portfolio.name=Pension fund')).body.content).toMatchObject([{ id }]);
  answers.securities = JSON.stringify([{ securityId: SECURITY, ticker: 'IBM.N' }]);
  await becomes(id, ['IBM.N', 'Pension fund']);
  expect(new Set(asked)).toEqual(new Set(['/api/v1/securities', '/api/v1/portfolios']));
});

test('F57 while the services are away, answer nonsense, or never answer, orders are taken and listed, and names stay', async () => {
  answers.securities = JSON.stringify([{ securityId: SECURITY, ticker: 'IBM' }]);
  answers.portfolios = JSON.stringify([{ portfolioId: PORTFOLIO, name: 'Growth' }]);
  const { body } = await send(system.url, 'POST', '/api/v1/orders', [order()]);
  const id = (body.orders as { orderId: number }[])[0]?.orderId ?? 0;
  await becomes(id, ['IBM', 'Growth']);
  for (const trouble of [{ status: 500, securities: JSON.stringify([{ securityId: SECURITY, ticker: 'WRONG' }]) }, { status: 200, securities: '<html>', portfolios: '{}' }, { securities: '[]', portfolios: '[]' }]) {
    Object.assign(answers, trouble);
    await moreAsked();
    expect(await shown(id)).toEqual(['IBM', 'Growth']);
  }
  answers.hangs = true;
  const before = asked.length;
  await waitFor(() => asked.length > before, { timeoutMs: 30_000, what: 'a call that hangs' });
  expect((await send(system.url, 'POST', '/api/v1/orders', [order()])).body.orders).toMatchObject([{ status: 'SUCCESS', order: { security: { ticker: 'IBM' }, portfolio: { name: 'Growth' } } }]);
  expect(await shown(id)).toEqual(['IBM', 'Growth']);
});
