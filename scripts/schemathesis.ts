/**
 * Tries the whole interface against its OpenAPI document with Schemathesis (from PyPI, into the cache folder), all checks: starts a
 * Sluice of its own, with a trade and a price service to try out, on free ports and in a temporary folder, and lets go of all of it.
 *
 *   node scripts/schemathesis.ts [--examples 40] [--seed 1] [-- further options of `schemathesis run`]
 *
 * The exit code is Schemathesis's: 0 where nothing was found.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPriceService } from '../bin/price-service/price-service.ts';
import { startTradeService } from '../bin/trade-service/trade-service.ts';
import { installOnce } from '../shared/runtime/servers/cache.ts';
import { freePort } from '../shared/runtime/servers/free-port.ts';
import { runCommand } from '../shared/runtime/servers/run-command.ts';

const VERSION = '4.32.5';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALL_MS = 300_000;
const READY_MS = 180_000;
const ASK_MS = 250;

const { values, positionals } = parseArgs({ options: { examples: { type: 'string', default: '40' }, seed: { type: 'string', default: '1' } }, allowPositionals: true });
const program = await installSchemathesis();
const folder = await mkdtemp(join(tmpdir(), 'sluice-schemathesis-'));
const [trade, price] = await Promise.all([startTradeService({ port: 0 }), startPriceService({ port: 0 })]);
let system: ChildProcess | undefined;
try {
  const port = await freePort();
  const env = { ...process.env, SLUICE_DATA: join(folder, 'data'), PORT: String(port), TRADE_SERVICE_URL: trade.url, PRICE_SERVICE_URL: price.url };
  system = spawn(join(ROOT, 'bin', 'sluice'), ['up'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, system);
  const options = ['run', `${url}/openapi.json`, '--checks', 'all', '--max-examples', values.examples, '--seed', values.seed, '--workers', '1', '--continue-on-failure', '--request-timeout', '60', '--generation-database', 'none', '--suppress-health-check', 'all', ...positionals];
  // Hooks and names are found relative to where it runs, and what it remembers is left there.
  await Promise.all(['hooks.py', 'schemathesis.toml'].map((name) => copyFile(new URL(`schemathesis/${name}`, import.meta.url), join(folder, name))));
  const { nodes } = (await (await fetch(`${url}/api/v1/nodes`)).json()) as { nodes: { node: string }[] };
  await writeFile(join(folder, 'nodes.txt'), nodes.map(({ node }) => `${JSON.stringify(node)}\n`).join(''));
  const run = spawn(program, ['-m', 'schemathesis.cli', '--config-file', join(folder, 'schemathesis.toml'), ...options], { cwd: folder, stdio: 'inherit', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  const [code] = (await once(run, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
  for (const line of await unforeseen(join(folder, 'data', 'logs'))) console.error(line);
} finally {
  if (system !== undefined && system.exitCode === null) {
    system.kill('SIGTERM');
    await once(system, 'exit');
  }
  await Promise.all([trade.close(), price.close()]);
  await rm(folder, { recursive: true, force: true });
}

/** The Python of a virtual environment that has Schemathesis; made once. */
async function installSchemathesis(): Promise<string> {
  const cached = await installOnce(`schemathesis-${VERSION}`, async (into) => {
    console.log(`Installing Schemathesis ${VERSION} ...`);
    await runCommand('python3', ['-m', 'venv', into], { timeoutMs: INSTALL_MS });
    await runCommand(join(into, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`], { timeoutMs: INSTALL_MS });
  });
  return join(cached, 'bin', 'python');
}

async function untilReady(url: string, started: ChildProcess): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (started.exitCode !== null) throw new Error(`sluice up ended with code ${started.exitCode}`);
    if (performance.now() > until) throw new Error(`Sluice was not ready within ${READY_MS / 1_000} s`);
    await sleep(ASK_MS);
  }
}

/** Lines of the edge's log that tell of answers of 500; there should be none. */
async function unforeseen(logs: string): Promise<string[]> {
  const lines = (await readFile(join(logs, 'edge.log'), 'utf8')).split('\n').filter((line) => line.includes('"status":500'));
  if (lines.length > 0) process.exitCode = 1;
  return lines;
}
