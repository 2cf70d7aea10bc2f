import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../../shared/runtime/guard.ts';
import type { Guard } from '../../shared/runtime/guard.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import type { RunningServer, StartOptions } from '../../shared/runtime/servers/server-process.ts';
import { ServerUnavailable } from '../../shared/runtime/servers/server-unavailable.ts';
import { dropTemplate, makeTemplate } from './template.ts';

const SERVERS = {
  TEST_POSTGRES_URL: startPostgres,
  TEST_NATS_URL: startNats,
  TEST_KAFKA_BROKERS: startKafka,
};

/** What teardown has to undo. */
export interface TestServers {
  guard: Guard;
  folder: string;
  servers: RunningServer[];
  template: { url: string; name: string } | null;
}

declare global {
  var __testServers: TestServers | undefined;
}

/**
 * Starts one PostgreSQL, NATS and Kafka for the whole run, on free ports and in a folder of its own, so that two runs side by side
 * don't meet; the guard takes all of it away even if Jest is killed. An address already in the environment is used instead.
 * TEST_SERVERS=none starts nothing, for tests that need no server.
 */
export default async function globalSetup(): Promise<void> {
  if (process.env.TEST_SERVERS === 'none') return;
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  await chmod(folder, 0o711); // PostgreSQL's own user, where we are root, passes through
  const guard = startGuard();
  guard.removeFolder(folder);
  const run: TestServers = { guard, folder, servers: [], template: null };
  globalThis.__testServers = run;
  try {
    await Promise.all(
      Object.entries(SERVERS).map(async ([variable, start]) => {
        if (process.env[variable]) return;
        const server = await startUnlessUnavailable(start, { dataDir: join(folder, variable), log: say });
        if (!server) return;
        guard.register(server.pid, { signal: server.stopSignal, graceMs: 3_000 });
        run.servers.push(server);
        process.env[variable] = server.url;
      }),
    );
    const url = process.env.TEST_POSTGRES_URL;
    if (url) {
      run.template = { url, name: `template_${randomBytes(6).toString('hex')}` };
      await makeTemplate(url, run.template.name);
      process.env.TEST_POSTGRES_TEMPLATE = run.template.name;
    }
  } catch (error) {
    await takeDown(run);
    throw error;
  }
  say(`Servers for the tests are ready after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

/** Stops all that the run has started and removes what it wrote. */
export async function takeDown({ guard, folder, servers, template }: TestServers): Promise<void> {
  if (template) await dropTemplate(template.url, template.name);
  await Promise.all(servers.map((server) => server.stop()));
  await guard.close();
  await rm(folder, { recursive: true, force: true });
}

async function startUnlessUnavailable(start: (options: StartOptions) => Promise<RunningServer>, options: StartOptions): Promise<RunningServer | null> {
  try {
    return await start(options);
  } catch (error) {
    // Tests that need this server fail and say so; the others still run.
    if (!(error instanceof ServerUnavailable)) throw error;
    say(error.message);
    return null;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
