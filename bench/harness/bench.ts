import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../../shared/runtime/guard.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import type { RunningServer, StartOptions } from '../../shared/runtime/servers/server-process.ts';
import { bindToCores, shareCores } from './cores.ts';
import { CpuMeter } from './cpu.ts';
import { openDatabases, type Databases } from './databases.ts';
import { startFleet, type Fleet, type FleetShape } from './fleet.ts';
import { startLoad, type Load } from './start-load.ts';

/** What a scenario works with. Servers start when they are first asked for; the rest ends with the scenario. */
export interface Bench {
  readonly quick: boolean;
  readonly meter: CpuMeter;
  /** Of logs; removed at the end. */
  readonly folder: string;
  say(line: string): void;
  /** A new database with all tables and no rows. */
  database(): Promise<string>;
  kafkaBrokers(): Promise<string>;
  fleet(shape: FleetShape): Promise<Fleet>;
  /** Starts a file of bench/load; its CPU counts to this class. */
  load<Spec, Result>(file: string, init: unknown, cpuClass?: string): Promise<Load<Spec, Result>>;
  /**
   * Keeps what runs so far apart until the scenario ends: the processes that make load on a quarter of the cores, the others on the rest.
   * Of no effect where there is no taskset(1).
   */
  keepApart(): Promise<void>;
  /** Ends what one scenario has started. */
  endScenario(): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

export interface BenchOptions {
  quick: boolean;
  /** Folder for CPU profiles of the fleet's processes; empty takes none. */
  profile: string;
  say: (line: string) => void;
}

/** Class of the processes that make load. */
const CLIENT = 'client';
/** Class of a role's processes in the CPU figures. */
const CPU_CLASS = { edge: 'edge', writer: 'writers', relay: 'relay' } as const;

/** Servers and processes of the benchmarks, in a temporary folder, all under guard: nothing outlives this process. */
export async function openBench({ quick, profile, say }: BenchOptions): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  await chmod(folder, 0o711); // PostgreSQL's own user, where we are root, passes through
  const guard = startGuard();
  guard.removeFolder(folder);
  const meter = new CpuMeter();
  const servers = new Map<string, Promise<RunningServer>>();
  const closers: (() => Promise<void>)[] = [];
  let databases: Promise<Databases> | undefined;

  const server = (name: string, start: (options: StartOptions) => Promise<RunningServer>): Promise<RunningServer> => {
    const known = servers.get(name) ?? start({ dataDir: join(folder, name), log: say, onSpawn: (pid, signal) => guard.register(pid, { signal }) }).then((running) => {
      meter.add(name, running.pid);
      return running;
    });
    servers.set(name, known);
    return known;
  };
  const counted = (name: string, pid: number) => {
    meter.add(name, pid);
    guard.register(pid, { stage: 1 });
    closers.push(async () => {
      meter.remove(name, pid);
      guard.unregister(pid);
    });
  };
  const kafkaBrokers = async () => (await server('kafka', startKafka)).url;

  const bench: Bench = {
    quick,
    meter,
    folder,
    say,
    kafkaBrokers,
    async database() {
      const { url } = await server('postgres', startPostgres);
      const all = await (databases ??= openDatabases(url));
      const database = await all.create();
      closers.push(() => all.drop(database));
      return database;
    },
    async fleet(shape) {
      const natsUrl = (await server('nats', startNats)).url;
      const brokers = (shape.relays ?? 0) > 0 ? await kafkaBrokers() : '';
      const logs = await mkdtemp(join(folder, 'fleet-'));
      if (profile !== '') await mkdir(profile, { recursive: true });
      const fleet = await startFleet(shape, { natsUrl, kafkaBrokers: brokers }, logs, (role, pid) => counted(CPU_CLASS[role], pid), profile);
      closers.push(() => fleet.stop());
      return fleet;
    },
    async load<Spec, Result>(file: string, init: unknown, cpuClass = CLIENT): Promise<Load<Spec, Result>> {
      const load = await startLoad<Spec, Result>(file, init, folder);
      counted(cpuClass, load.pid);
      closers.push(() => load.stop());
      return load;
    },
    async keepApart() {
      const shares = shareCores();
      const bind = async (clients: string, system: string) => {
        for (const [name, pids] of Object.entries(meter.pids())) await bindToCores(pids, name === CLIENT ? clients : system);
      };
      try {
        await bind(shares.clients, shares.system);
      } catch (error) {
        say(`load and system share all cores: ${(error as Error).message}`);
      }
      closers.push(() => bind(shares.all, shares.all).catch((error: unknown) => say(String(error))));
      say(`load on cores ${shares.clients}, the system on ${shares.system}`);
    },
    async endScenario() {
      for (const close of closers.splice(0).reverse()) await close();
    },
    async close() {
      await bench.endScenario();
      await Promise.all([...servers.values()].map(async (running) => (await running).stop()));
      await guard.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bench;
}
