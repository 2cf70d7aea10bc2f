import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { vendorPath, withPaths } from './vendor.ts';

const FOLDER = join(import.meta.dirname, 'page');
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };

export interface PageFile {
  contentType: string;
  text: string;
  /** Changes with the content. */
  etag: string;
}

let names: Promise<ReadonlySet<string>> | undefined;

/**
 * A file of the console's own page; the page itself where `name` is undefined.
 * @returns undefined for a name that is no file of it
 */
export async function pageFile(name = 'index.html'): Promise<PageFile | undefined> {
  names ??= readdir(FOLDER).then((found) => new Set(found));
  const contentType = TYPES[extname(name)];
  if (contentType === undefined || !(await names).has(name)) return undefined;
  const source = await readFile(join(FOLDER, name), 'utf8');
  const text = name.endsWith('.js') ? withPaths(source) : name.endsWith('.html') ? source.replace('{{uPlot.css}}', vendorPath('uplot', 'uPlot.css')) : source;
  return { contentType, text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
}
