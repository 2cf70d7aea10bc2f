import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Files of libraries that the page needs, by package: name under which each is served, and place in the package. Nothing else of them is served. */
const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  preact: { 'preact.js': 'dist/preact.module.js', 'hooks.js': 'hooks/dist/hooks.module.js' },
  htm: { 'htm.js': 'dist/htm.module.js' },
  uplot: { 'uPlot.js': 'dist/uPlot.esm.js', 'uPlot.css': 'dist/uPlot.min.css' },
};

/** What modules call these files when they import them. */
const SPECIFIERS: Readonly<Record<string, [name: string, file: string]>> = {
  preact: ['preact', 'preact.js'], 'preact/hooks': ['preact', 'hooks.js'], htm: ['htm', 'htm.js'], uplot: ['uplot', 'uPlot.js'],
};

const packages = new Map(Object.keys(FILES).map((name) => {
  const folder = folderOf(name);
  return [name, { folder, version: (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version }];
}));

/** Where a file of a package is served; its version is part of the path, so that it can be kept for ever. */
export function vendorPath(name: string, file: string): string {
  const found = packages.get(name);
  if (found === undefined || FILES[name]?.[file] === undefined) throw new Error(`the console serves no ${file} of ${name}`);
  return `/console/vendor/${name}/${found.version}/${file}`;
}

/** A module with the paths of libraries in place of their names: a browser knows no node_modules, and a map of names would be an inline script. */
export function withPaths(source: string): string {
  return source.replace(/((?:from|import)\s*)(["'])(preact\/hooks|preact|htm|uplot)\2/g, (_all, before: string, quote: string, specifier: string) => {
    const [name, file] = SPECIFIERS[specifier] ?? ['', ''];
    return `${before}${quote}${vendorPath(name, file)}${quote}`;
  });
}

/** A file of a package, ready to be served, or undefined where there is none of this name and version. */
export async function vendorFile(name: string, version: string, file: string): Promise<string | undefined> {
  const found = packages.get(name);
  const places = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (found?.version !== version || places === undefined || !Object.hasOwn(places, file)) return undefined;
  const source = await readFile(join(found.folder, places[file] ?? ''), 'utf8');
  return file.endsWith('.js') ? withPaths(source).replace(/^\/\/# sourceMappingURL=.*$/m, '') : source;
}

function folderOf(name: string): string {
  let folder = dirname(require.resolve(name));
  while (!isHome(folder, name)) folder = dirname(folder);
  return folder;
}

function isHome(folder: string, name: string): boolean {
  if (folder === dirname(folder)) throw new Error(`${name} is not installed`);
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name === name;
  } catch {
    return false;
  }
}
