import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../../shared/runtime/guard.ts';
import type { Guard } from '../../shared/runtime/guard.ts';
import type { RunningServer, StartOptions } from '../../shared/runtime/servers/server-process.ts';

/** Servers that belong to one test file, for tests that stop and kill them; nothing outlives the file, even if it is killed. */
export interface OwnServers {
  /** A new folder, removed after the file. */
  folder(): Promise<string>;
  /** Starts a server, which is stopped after the test if it still runs then. */
  start(how: (options: StartOptions) => Promise<RunningServer>, options: Omit<StartOptions, 'log'>): Promise<RunningServer>;
}

/** To be called at the top of a test file: adds its hooks. */
export function ownServers(): OwnServers {
  let guard: Guard;
  const running: RunningServer[] = [];
  const folders: string[] = [];
  beforeAll(() => {
    guard = startGuard();
  });
  afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())));
  afterAll(async () => {
    await guard.close();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });
  return {
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-own-'));
      folders.push(folder);
      guard.removeFolder(folder);
      return folder;
    },
    async start(how, options) {
      const server = await how({ ...options, log: () => undefined });
      guard.register(server.pid, { signal: server.stopSignal, graceMs: 3_000 });
      running.push(server);
      return server;
    },
  };
}
