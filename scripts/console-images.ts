/**
 * Takes the pictures of docs/console.md from a system that runs, with what it has to show:
 *
 *   node scripts/console-images.ts http://127.0.0.1:8080 [seconds that each chart of the flow is given to fill]
 *
 * Without keys only: the pictures are taken without logging in. Chromium is found as the tests find it.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, startBrowser } from '../test/helpers/browser.ts';

const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url));
const [url = 'http://127.0.0.1:8080', seconds = '40'] = process.argv.slice(2);

interface Picture {
  name: string;
  place: string;
  dark?: boolean;
  phone?: boolean;
  /** A button that is pressed before; the picture is of what it asks. */
  press?: string;
}

const first = async (path: string, of: (answer: { content: Record<string, string>[] }) => string | undefined): Promise<string | undefined> => of((await (await fetch(url + path)).json()) as { content: Record<string, string>[] });

async function pictures(): Promise<Picture[]> {
  const batch = await first('/api/v1/batches?limit=100', ({ content }) => content.find(({ state, rejected }) => state === 'COMPLETED' && Number(rejected) > 0)?.batchId);
  const letter = await first('/api/v1/dead-letters?limit=1', ({ content }) => content[0]?.id);
  return [
    { name: 'flow', place: 'flow' },
    { name: 'flow-dark', place: 'flow', dark: true },
    { name: 'flow-phone', place: 'flow', phone: true },
    { name: 'batches', place: 'batches' },
    ...(batch === undefined ? [] : [{ name: 'batch', place: `batches/${batch}` }, { name: 'receipt', place: `receipts/${batch}/0` }]),
    ...(letter === undefined ? [] : [{ name: 'replay', place: 'letters', press: 'Replay…' }]),
    { name: 'pools', place: 'pools' },
    { name: 'nodes', place: 'nodes' },
    { name: 'settings', place: 'settings' },
  ];
}

async function open(browser: Browser, { dark, phone }: Picture): Promise<Page> {
  const context = await browser.newContext({ colorScheme: dark === true ? 'dark' : 'light', viewport: phone === true ? { width: 360, height: 780 } : { width: 1200, height: 760 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${url}/console`);
  return page;
}

async function take(page: Page, { name, place, press }: Picture): Promise<void> {
  await page.evaluate((hash) => ((globalThis as unknown as { location: { hash: string } }).location.hash = hash), `#/${place}`);
  await page.locator('main h1').first().waitFor();
  await page.waitForTimeout(1_500);
  if (press !== undefined) {
    await page.getByRole('button', { name: press }).first().click();
    await page.waitForTimeout(1_500);
  }
  await page.screenshot({ path: `${FOLDER}console-${name}.png` });
  console.log(`docs/images/console-${name}.png`);
}

const chromium = findChromium();
if (chromium === undefined) throw new Error('There is no Chromium on this machine: apt-get install chromium, or name one in CHROMIUM.');
await mkdir(FOLDER, { recursive: true });
const browser = await startBrowser(chromium);
try {
  for (const picture of await pictures()) {
    const page = await open(browser, picture);
    // The charts of the flow begin when the page is opened.
    if (picture.place === 'flow') await page.waitForTimeout(Number(seconds) * 1_000);
    await take(page, picture);
    await page.context().close();
  }
} finally {
  await browser.close();
}
