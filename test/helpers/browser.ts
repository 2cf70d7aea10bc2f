import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian, other Linuxes and macOS have it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/snap/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

/** The Chromium of this machine: that of the variable CHROMIUM, or one in a usual place; undefined where there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM } = process.env;
  return CHROMIUM !== undefined && CHROMIUM !== '' ? CHROMIUM : PLACES.find((place) => existsSync(place));
}

/**
 * `inBrowser` is `test` where there is a Chromium; where there is none the tests are skipped, which is said once.
 * @param what is tried in it
 */
export function browserTests(what: string): { chromium: string | undefined; inBrowser: typeof test } {
  const found = findChromium();
  if (found === undefined) console.warn(`No Chromium on this machine (apt-get install chromium, or CHROMIUM names one): ${what} is not tried in a browser.`);
  return { chromium: found, inBrowser: found === undefined ? test.skip : test };
}

/** Starts it; whoever starts it closes it. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}
