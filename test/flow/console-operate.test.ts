import type { Browser } from 'playwright-core';
import { browserTests, startBrowser } from '../helpers/browser.ts';
import { goTo, openConsole, seriousFaults, tooWide } from '../helpers/console-page.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { alterTopic, createTopic } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { chromium, inBrowser } = browserTests('what is operated from the console');

const LETTERS = 6;
const topic = uniqueName('orders');
let system: TestSystem;
let browser: Browser;

beforeAll(async () => {
  if (chromium === undefined) return;
  // No message is as small as this: each becomes a dead letter.
  await createTopic(topic, 4, { 'max.message.bytes': '100' });
  [system, browser] = await Promise.all([startSystem({ relays: 1, settings: { ordersTopic: topic, relayPoll: 20, maxRetries: 0, poolSampleInterval: 200 } }), startBrowser(chromium)]);
  expect((await send(system.url, 'POST', '/api/v1/executions/batch', { executions: Array.from({ length: LETTERS }, () => execution()) })).status).toBe(201);
  await waitFor(async () => (await dead()) === LETTERS, { timeoutMs: 40_000, what: 'the dead letters' });
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

const dead = async () => (await query(system.databaseUrl, `select count(*)::int as n from dead_letter where state = 'dead'`))[0]?.n as number;

inBrowser('one dead letter shows why, what was sent and where it came from; discarding it asks why, and keeps that', async () => {
  const { page, context } = await openConsole(browser, system.url);
  await goTo(page, 'letters');
  await page.getByRole('link', { name: 'MESSAGE_TOO_LARGE' }).click();
  await page.getByRole('row', { name: /dead execution/ }).first().click();
  await page.getByText('"executionStatus": "NEW"').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  await page.getByRole('button', { name: 'Discard…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Discard?' });
  expect(await dialog.getByRole('button', { name: 'Discard for good' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Why').fill('a test message');
  await dialog.getByRole('button', { name: 'Discard for good' }).click();
  await page.getByText(/discarded\./).waitFor();
  expect(await query(system.databaseUrl, `select closed_by, closed_reason from dead_letter where state = 'discarded'`)).toEqual([{ closed_by: 'console', closed_reason: 'a test message' }]);
  await context.close();
}, 120_000);

inBrowser('dead letters stand by cause; a replay shows first what it would do, and is done only when it is said so', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'letters');
  await page.getByText('MESSAGE_TOO_LARGE').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Replay…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay?' });
  await dialog.getByText(`${LETTERS - 1} messages would be sent`).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  expect(await query(system.databaseUrl, 'select count(*)::int as n from replay')).toEqual([{ n: 0 }]);

  await alterTopic(topic, { 'max.message.bytes': '1000000' });
  await page.getByRole('button', { name: 'Replay…' }).click();
  await dialog.getByText(`${LETTERS - 1} messages would be sent`).waitFor();
  await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
  await page.getByText(/is under way/).waitFor();
  await page.getByText('No dead letters').waitFor();
  expect(await dead()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
}, 120_000);

inBrowser('a setting is changed on every node after a preview, with who and why, and taken back', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'settings');
  await page.keyboard.press('/');
  await page.keyboard.type('REPLAY_RATE');
  await page.getByRole('link', { name: 'replayRate' }).click();
  await page.getByText('What each node runs').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  const field = page.getByLabel('New value of replayRate');
  await field.fill('0');
  await page.getByRole('button', { name: 'Change…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/replayRate .*1/).waitFor();
  expect(await dialog.getByRole('button', { name: 'Change it' }).isDisabled()).toBe(true);
  await page.keyboard.press('Escape');

  await field.fill('7');
  await page.getByRole('button', { name: 'Change…' }).click();
  await dialog.getByText('7 messages').waitFor();
  await dialog.getByText('On 3 nodes, within two seconds').waitFor();
  await dialog.getByLabel('Why').fill('the broker was away');
  await dialog.getByLabel(/Take it back by itself/).fill('10m');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await waitFor(async () => system.relays[0]?.context.settings.replayRate === 7, { timeoutMs: 20_000, what: 'the relay to run the new value' });
  await page.getByText('the broker was away').waitFor();
  expect((await send(system.url, 'GET', '/api/v1/settings/history?setting=replayRate')).body.content).toMatchObject([{ guard: expect.any(Object) as object }]);
  expect(await seriousFaults(page)).toEqual([]);

  await page.getByRole('button', { name: /^Revert change/ }).click();
  await dialog.getByText('as set in the environment').waitFor();
  await dialog.getByRole('button', { name: 'Revert it' }).click();
  await waitFor(async () => system.relays[0]?.context.settings.replayRate === 100, { timeoutMs: 20_000, what: 'the relay to run the old value again' });
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await tooWide(page)).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
}, 120_000);

inBrowser('pools show each node, PostgreSQL itself, and the breakers', async () => {
  const { page, context, complaints } = await openConsole(browser, system.url);
  await goTo(page, 'pools');
  await page.getByText('All pools are healthy.').waitFor();
  for (const { nodeId } of [system.edge, ...system.writers, ...system.relays].map(({ context: node }) => node)) await page.getByTitle(nodeId).first().waitFor();
  await page.getByText('PostgreSQL itself').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});
