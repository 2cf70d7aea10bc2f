import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, startBrowser } from '../../test/helpers/browser.ts';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const SETTLED_MS = 1_200;

/** The console, open in a browser. */
export interface Pictures {
  /** Goes to a view; the charts of the flow begin there. */
  go(view: string): Promise<void>;
  /** Goes to a view and takes its picture. @returns the picture's file name */
  take(name: string, view: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Logs in at the console.
 * @throws Error where there is no Chromium
 */
export async function openPictures(url: string, key: string): Promise<Pictures> {
  const chromium = findChromium();
  if (chromium === undefined) throw new Error('There is no Chromium on this machine: apt-get install chromium, or name one in CHROMIUM.');
  await mkdir(FOLDER, { recursive: true });
  const browser = await startBrowser(chromium);
  const page = await logIn(browser, url, key);
  const go = async (view: string) => {
    await page.evaluate((hash) => ((globalThis as unknown as { location: { hash: string } }).location.hash = hash), `#/${view}`);
    await page.locator('main h1').first().waitFor();
  };
  return {
    go,
    async take(name, view) {
      await go(view);
      await page.waitForTimeout(SETTLED_MS);
      const file = `breakage-${name}.png`;
      await page.screenshot({ path: `${FOLDER}${file}`, fullPage: view !== 'flow' });
      return file;
    },
    close: () => browser.close(),
  };
}

async function logIn(browser: Browser, url: string, key: string): Promise<Page> {
  const page = await (await browser.newContext({ colorScheme: 'light', viewport: { width: 1200, height: 760 }, reducedMotion: 'reduce' })).newPage();
  await page.goto(`${url}/console`);
  await page.getByLabel('Access key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return page;
}
