import pg from 'pg';
import type { Browser } from 'playwright-core';
import { newKey } from '../../shared/access/api-keys.ts';
import { CREATE_API_KEY } from '../../shared/db/queries/api-keys.ts';
import { browserTests, startBrowser } from '../helpers/browser.ts';
import { goTo, openConsole, seriousFaults, tooWide } from '../helpers/console-page.ts';
import { execution } from '../helpers/executions.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { targetOf, tcpProxy, throughProxy } from '../helpers/tcp-proxy.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { chromium, inBrowser } = browserTests('the console');

const VIEWS = ['flow', 'batches', 'receipts', 'letters', 'orders', 'pools', 'nodes', 'clients', 'settings'];

let system: TestSystem;
let browser: Browser;

beforeAll(async () => {
  if (chromium === undefined) return;
  [system, browser] = await Promise.all([startSystem({ relays: 1 }), startBrowser(chromium)]);
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(system.url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

inBrowser('where nobody needs a key the console is open, and shows records flow within moments', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  await page.getByText('All quiet').waitFor();
  expect((await post('/api/v1/executions/batch', { executions: Array.from({ length: 50 }, () => execution()) })).status).toBe(201);
  await page.getByText('It flows: nothing is held up.').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

inBrowser('every view is free of serious faults for who cannot see or use a mouse, in light and dark, and fits a phone', async () => {
  for (const [dark, width] of [[false, 1280], [true, 360]] as const) {
    const { page, context, complaints } = await openConsole(browser, system.url, { dark, width });
    for (const view of VIEWS) {
      await goTo(page, view);
      expect([view, width, await tooWide(page)]).toEqual([view, width, 0]);
      expect([view, width, await seriousFaults(page)]).toEqual([view, width, []]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  }
}, 180_000);

inBrowser('the keyboard is enough: figures open views, t changes the theme, ? tells the keys', async () => {
  const { page, context } = await openConsole(browser, system.url);
  await page.getByRole('heading', { name: 'Flow', exact: true }).waitFor();
  await page.keyboard.press(String(VIEWS.indexOf('nodes') + 1));
  await page.getByRole('heading', { name: 'Nodes', exact: true }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('t');
  await page.keyboard.press('t');
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  await page.reload();
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  await context.close();
});

inBrowser('each node is shown with what it does, and what it logs can be changed', async () => {
  const { page, context } = await openConsole(browser, system.url);
  await goTo(page, 'nodes');
  for (const { nodeId } of [system.edge, ...system.writers, ...system.relays].map(({ context: node }) => node)) await page.getByTitle(nodeId).first().waitFor();
  const { nodeId: writer, log } = system.writers[0]?.context ?? {};
  await page.getByLabel(`What ${writer} logs`).selectOption('fatal');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('silent → fatal').waitFor();
  expect(log?.level).toBe('silent');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(log?.level).toBe('fatal');
  await context.close();
});

inBrowser('a batch is cancelled after asking, with what that will do; leaving it changes nothing', async () => {
  const opened = await fetch(`${system.url}/api/v1/batches/executions?start=manual`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: Array.from({ length: 30 }, () => JSON.stringify(execution())).join('\n') });
  const { batchId } = await opened.json() as { batchId: string };
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'batches');
  const cancel = page.getByRole('button', { name: `Cancel batch ${batchId}` });
  await cancel.click();
  const dialog = page.getByRole('dialog', { name: 'Cancel the batch?' });
  await dialog.getByText('30 items that are left will never be written.').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await query(system.databaseUrl, `select state from large_batch where id = '${batchId}'`)).toEqual([{ state: 'READY' }]);
  await cancel.click();
  await dialog.getByRole('button', { name: 'Cancel the batch' }).click();
  await page.getByText(/is being cancelled/).waitFor();
  await waitFor(async () => (await query(system.databaseUrl, `select state from large_batch where id = '${batchId}'`))[0]?.state === 'CANCELLED', { timeoutMs: 30_000, what: 'the batch to be cancelled' });
  await page.getByRole('main').getByText('cancelled', { exact: true }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

inBrowser('a batch shows its errors grouped, and leads to the receipt of the first of each', async () => {
  const items = Array.from({ length: 20 }, (_, i) => execution(i % 4 === 1 ? { quantity: -1 } : {}));
  const opened = await fetch(`${system.url}/api/v1/batches/executions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(items) });
  const { batchId } = await opened.json() as { batchId: string };
  const { page, context } = await openConsole(browser, system.url);
  await goTo(page, `batches/${batchId}`);
  await page.getByRole('row', { name: /5 \/quantity/ }).waitFor();
  await page.getByText('accounted for').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole('link', { name: 'item 1', exact: true }).click();
  await page.getByText('Rejected', { exact: true }).waitFor();
  await context.close();
});

inBrowser('the receipt of an item is a line of steps, from its request to its offset in Kafka', async () => {
  const answer = await (await post('/api/v1/executions/batch', { executions: [execution()], clientReference: 'the console\'s own' })).json() as { batchId: string; results: { execution: { id: number } }[] };
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'receipts');
  await page.keyboard.press('/');
  await page.keyboard.type(String(answer.results[0]?.execution.id));
  await page.keyboard.press('Enter');
  for (const step of ['Taken in', 'Written']) await page.getByText(step, { exact: true }).waitFor();
  await page.getByText('delivered', { exact: true }).waitFor();
  await page.getByText(/partition \d+, offset \d+/).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole('searchbox').fill(answer.batchId);
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /success execution/ }).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await page.getByRole('searchbox').fill('the console\'s own');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /success execution/ }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

inBrowser('a console that loses its server says so and how old its figures are, and goes on by itself', async () => {
  const proxy = await tcpProxy(targetOf(system.url));
  const { page, context } = await openConsole(browser, throughProxy(system.url, proxy).replace(/\/$/, ''));
  try {
    await page.getByText('live', { exact: true }).waitFor();
    proxy.refuse(true);
    await page.getByText(/Disconnected\. What is shown is .* old/).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    proxy.refuse(false);
    await page.getByText('Disconnected.').waitFor({ state: 'detached' });
    await page.getByText('live', { exact: true }).waitFor();
  } finally {
    await context.close();
    await proxy.close();
  }
});

inBrowser('where there are keys one is asked for; it is kept nowhere in the page, and logging out closes the console', async () => {
  const { text, id, hash } = newKey();
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  await client.query(CREATE_API_KEY.text, [id, 'ada', hash, ['operate'], null, null, null, null, 'test']);
  await client.end();
  await waitFor(async () => (await fetch(`${system.url}/api/v1/nodes`)).status === 401, { timeoutMs: 20_000, what: 'the edge to hear of the key' });
  const { page, context } = await openConsole(browser, system.url);
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByLabel('Access key').fill('slc_0123456789ab_wrong');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('That is no key of Sluice').waitFor();
  await page.getByLabel('Access key').fill(text);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Flow', exact: true }).waitFor();
  await page.getByText('ada', { exact: true }).waitFor();
  const kept = await page.evaluate(() => {
    const { localStorage, sessionStorage, document } = globalThis as unknown as { localStorage: object; sessionStorage: object; document: { cookie: string; documentElement: { outerHTML: string } } };
    return JSON.stringify([localStorage, sessionStorage, document.cookie, document.documentElement.outerHTML]);
  });
  expect(kept).not.toContain(text.slice(17));
  expect(await context.cookies()).toEqual([expect.objectContaining({ name: 'sluice-session', httpOnly: true, sameSite: 'Strict' })]);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Access key').waitFor();
  expect(await query(system.databaseUrl, 'select count(*)::int as n from console_session')).toEqual([{ n: 0 }]);
  await context.close();
});
