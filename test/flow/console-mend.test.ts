import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { browserTests, startBrowser } from '../helpers/browser.ts';
import { goTo, openConsole, seriousFaults, tooWide } from '../helpers/console-page.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { chromium, inBrowser } = browserTests('what is mended from the console');

let trades: TradeService;
let system: TestSystem;
let browser: Browser;
beforeAll(async () => {
  if (chromium === undefined) return;
  trades = await startTradeService();
  [system, browser] = await Promise.all([
    startSystem({ relays: 1, settings: { tradeServiceUrl: trades.url, tradeConnectTimeout: 500, tradeResponseTimeout: 1_000, submissionLease: 4_000, reconcileInterval: 600_000, poolSampleInterval: 200 } }),
    startBrowser(chromium),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await trades?.close();
});

inBrowser('who holds writers up is named where it is stuck, and ended after a look at what that would do', async () => {
  const forgotten = new pg.Client({ connectionString: system.databaseUrl, application_name: 'nightly-report' });
  const gone = new Promise((resolve) => forgotten.on('error', resolve));
  await forgotten.connect();
  await forgotten.query('begin');
  await forgotten.query('lock table execution in access exclusive mode');
  // Writers try again and again, with pauses: one that only waits is there whenever somebody looks.
  const patient = new pg.Client({ connectionString: system.databaseUrl, application_name: 'patient' });
  await patient.connect();
  const read = patient.query('select from execution limit 1');
  const { page, context, complaints } = await openConsole(browser, system.url);
  const waiting = send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()] });
  await page.getByText(/PostgreSQL does not get on/).first().waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.locator('.verdict').getByRole('link', { name: /Pools/ }).click();
  await page.getByText(/nightly-report holds \d+ connections? up/).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await page.getByRole('button', { name: /^End it/ }).first().click();
  const dialog = page.getByRole('dialog', { name: 'End the connection?' });
  await dialog.getByText(/connections? waits? for it/).waitFor();
  await dialog.getByLabel('Why').fill('forgotten');
  await dialog.getByRole('button', { name: 'End it' }).click();
  await gone;
  await page.getByText(/The connection \d+ is ended/).waitFor();
  await read;
  await patient.end();
  // Refused where its time was over before.
  expect([201, 202, 503]).toContain((await waiting).status);
  await waitFor(async () => (await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()] })).status === 201, { what: 'a batch to be written again' });
  expect(await query(system.databaseUrl, `select who, detail->>'why' as why from audit where operation = 'pools.disconnect'`)).toEqual([{ who: 'console', why: 'forgotten' }]);
  await page.getByText(/nightly-report holds/).waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await context.close();
}, 120_000);

inBrowser('an order that waits for a person is settled as the trade service says, after its dry run, and against it nothing is', async () => {
  const [id = 0] = await storeOrders(system.databaseUrl, 1, { submissionId: randomUUID() });
  await query(system.databaseUrl, `update orders set submission_flag = 'overdue', submission_until = null, submission_started = now() - interval '1 hour' where id = $1`, [id]);
  trades.store.insert([{ orderId: id, portfolioId: 'P'.repeat(24), orderType: 'BUY', securityId: 'S'.repeat(24), quantity: '1', limitPrice: null, tradeTimestamp: '2026-11-22T10:00:00Z', blotterId: 1 }]);
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'orders');
  await page.getByRole('button', { name: `It was not… order ${id}` }).click();
  const dialog = page.getByRole('dialog', { name: `Settle order ${id}?` });
  await dialog.getByText(/The trade service has it.*By force: sluice orders settle/).waitFor();
  expect(await dialog.getByRole('button', { name: 'It was not sent' }).isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole('button', { name: `It was sent… order ${id}` }).click();
  await dialog.getByText(/sent, as trade order/).waitFor();
  expect((await orderRows(system.databaseUrl, [id]))[0]).toMatchObject({ status: 'NEW', flag: 'overdue' });
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await dialog.getByRole('button', { name: 'It was sent' }).click();
  await page.getByText('No order waits for a person').waitFor();
  expect((await orderRows(system.databaseUrl, [id]))[0]).toMatchObject({ status: 'SENT', flag: null });
  expect(complaints).toEqual([]);
  await context.close();
}, 120_000);

inBrowser('who sent how much is seen, with what each may', async () => {
  // What came before may have used the pools up for a moment.
  await waitFor(async () => (await send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution(), execution()] })).status === 201, { what: 'a batch to be written' });
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'clients');
  await page.getByRole('row', { name: /anonymous/ }).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});
