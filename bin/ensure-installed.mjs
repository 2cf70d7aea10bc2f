/**
 * Installs the project's packages if they are missing or do not fit the lock file; otherwise does nothing, in a few milliseconds.
 * Needs nothing but Node 18, npm, and this file. `node bin/ensure-installed.mjs [project folder]`
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, utimesSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 18;
const IN_MODULES = 'node_modules/';

const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..'));
process.exitCode = ensureInstalled();

function ensureInstalled() {
  const reason = whyInstall();
  if (reason === null) {
    markChecked();
    return 0;
  }
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    process.stderr.write(`Node ${process.versions.node} is too old to install the packages. Put Node ${OLDEST_NODE} or newer on PATH; Sluice then brings its own.\n`);
    return 1;
  }
  process.stderr.write(`Installing packages with npm ci (${reason}; about a minute) ... `);
  const began = Date.now();
  const { status, error, stdout, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, env: withoutProjectNode(), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const stillMissing = status === 0 ? whyInstall() : null;
  if (status === 0 && stillMissing === null) {
    process.stderr.write(`done in ${seconds} s.\n`);
    markChecked();
    return 0;
  }
  process.stderr.write(`failed after ${seconds} s.\n${error ? `${error.message}\n` : ''}${stdout ?? ''}${stderr ?? ''}`);
  process.stderr.write(`\n${stillMissing ? `npm ci ended well, but: ${stillMissing}.\n` : ''}${advice(error)}\n`);
  return 1;
}

function advice(error) {
  if (error?.code === 'ENOENT') return 'npm is not on PATH. Install Node.js with npm (https://nodejs.org), then try again.';
  return `Look whether npm reaches its registry (npm ping) and may run install scripts (npm config get ignore-scripts), then run "npm ci" in ${root}.`;
}

/** Why the packages have to be installed, or null if all are there. */
function whyInstall() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  // npm's own record of what it has installed, written last.
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) throw new Error(`There is no package-lock.json in ${root}.`);
  if (installed === null) return 'no packages here yet';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith(IN_MODULES)) continue;
    const have = installed[path];
    const maybeLeftOut = entry.optional || entry.devOptional || (entry.dev && process.env.NODE_ENV === 'production');
    if (have === undefined ? !maybeLeftOut : have.version !== entry.version || have.integrity !== entry.integrity) return 'the lock file has changed';
  }
  const node = join(root, 'node_modules', '.bin', 'node');
  if (wanted[`${IN_MODULES}node`] && !isExecutable(node)) return 'the project\'s own Node is missing';
  return null;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** bin/sluice compares the times of the two files, which is cheaper than their contents. */
function markChecked() {
  try {
    utimesSync(join(root, 'node_modules', '.package-lock.json'), new Date(), new Date());
  } catch {
    // Read-only, as in an image: then the contents are compared each time.
  }
}

/** npm ci removes node_modules, and with it the Node that npm scripts would find first on PATH. */
function withoutProjectNode() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder));
  return { ...process.env, PATH: path.join(delimiter) };
}
