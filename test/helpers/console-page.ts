import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface OpenPage {
  page: Page;
  context: BrowserContext;
  /** What the browser complained of: scripts that failed, and what the policy forbade. */
  complaints: string[];
}

/** Opens the console in a window of its own, with its own cookies. */
export async function openConsole(browser: Browser, url: string, shape: { dark?: boolean; width?: number } = {}): Promise<OpenPage> {
  // Axe is put into the page from outside, past its policy; the policy itself is tested over HTTP, and by what is complained of.
  const context = await browser.newContext({ colorScheme: shape.dark === true ? 'dark' : 'light', viewport: { width: shape.width ?? 1280, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // What fails because the server is away or refuses is shown by the page itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  await page.goto(`${url}/console`);
  return { page, context, complaints };
}

/** To a view, and until its data is there. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.evaluate((hash) => (globalThis as unknown as { location: { hash: string } }).location.hash = hash, `#/${view}`);
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(() => (globalThis as unknown as { document: { querySelector(of: string): unknown } }).document.querySelector('main .loading') === null);
}

/** What axe finds that is serious or critical: rule, and where. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    interface Found { violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[] }
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<Found> } };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`));
  });
}

/** By how many pixels the page is wider than its window. */
export function tooWide(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as { document: { documentElement: { scrollWidth: number } }; innerWidth: number };
    return Math.max(0, document.documentElement.scrollWidth - innerWidth);
  });
}
