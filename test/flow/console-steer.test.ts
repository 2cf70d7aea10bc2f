import type { Browser } from 'playwright-core';
import { browserTests, startBrowser } from '../helpers/browser.ts';
import { goTo, openConsole, seriousFaults, tooWide } from '../helpers/console-page.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { chromium, inBrowser } = browserTests('what is steered from the console');

let system: TestSystem;
let browser: Browser;
beforeAll(async () => {
  if (chromium === undefined) return;
  [system, browser] = await Promise.all([startSystem({ writers: 2, relays: 1, settings: { poolSampleInterval: 200 } }), startBrowser(chromium)]);
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

const audited = async (operation: string) => (await query(system.databaseUrl, `select who from audit where operation = '${operation}'`)).length;

inBrowser('a writer is drained and given work again, after a look at what that does', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  const writer = system.writers[0]?.context.nodeId ?? '';
  await goTo(page, 'nodes');
  await page.getByRole('button', { name: `Drain… ${writer}` }).click();
  const dialog = page.getByRole('dialog', { name: 'Drain the node?' });
  await dialog.getByText('It gets no new work and finishes what it has').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  expect(await audited('nodes.drain')).toBe(0);
  await dialog.getByRole('button', { name: 'Drain it' }).click();
  const back = page.getByRole('button', { name: `Give it work again… ${writer}` });
  await back.waitFor();
  await page.getByText(/Drained by an operator/).waitFor();
  expect(await audited('nodes.drain')).toBe(1);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await back.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Give it work' }).click();
  await page.getByRole('button', { name: `Drain… ${writer}` }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
}, 120_000);

inBrowser('Kafka\'s breaker is opened and reset, and a queue paused and resumed, where they are seen', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'pools');
  await page.getByRole('button', { name: 'Open… breaker kafka' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/Nothing is delivered to Kafka/).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Open it' }).click();
  await page.getByText('opened by hand').waitFor();
  await page.getByRole('button', { name: 'Reset… breaker kafka' }).click();
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await page.getByRole('button', { name: 'Open… breaker kafka' }).waitFor();
  expect([await audited('breakers.trip'), await audited('breakers.reset')]).toEqual([1, 1]);

  await goTo(page, 'flow');
  await page.getByRole('button', { name: 'Pause… requests' }).click();
  await dialog.getByText(/New requests are refused with 503/).waitFor();
  await dialog.getByRole('button', { name: 'Pause it' }).click();
  await page.getByRole('button', { name: 'Resume… requests' }).waitFor();
  await waitFor(async () => (await send(system.url, 'POST', '/api/v1/executions', execution())).status === 503, { what: 'requests to be refused' });
  expect(await seriousFaults(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await page.getByRole('button', { name: 'Resume… requests' }).click();
  await dialog.getByRole('button', { name: 'Resume it' }).click();
  await page.getByRole('button', { name: 'Pause… requests' }).waitFor();
  await waitFor(async () => (await send(system.url, 'POST', '/api/v1/executions', execution())).status === 201, { what: 'requests to be let in' });
  expect(complaints.filter((text) => !text.includes('503'))).toEqual([]);
  await context.close();
}, 120_000);
