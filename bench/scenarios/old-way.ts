import type { Bench } from '../harness/bench.ts';
import { query } from '../harness/databases.ts';
import type { Fleet } from '../harness/fleet.ts';
import { interleave, medianRatio, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { Load } from '../harness/start-load.ts';
import { countStatements } from '../harness/statement-counter.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { OldWayInit, OldWayReport } from '../load/old-way-server.ts';
import { untilDelivered } from './end-to-end.ts';

/** Items of a batch, least share by which the response must be shorter, and rounds: the old way takes seconds for the large ones. */
const SIZES = [[25, 0.6, 5], [100, 0.75, 5], [500, 0.8, 3], [1_000, 0.8, 3]] as const;
const AT_ONCE = [10, 16];
const AT_ONCE_ITEMS = 250;
const OLD_POOL = 10;
const SAMPLE_MS = 100;

/** A server of either way, with all that watches it. */
interface Sides {
  fleet: Fleet;
  oldUrl: string;
  oldServer: Load<null, OldWayReport>;
  sluiceDatabase: string;
  oldDatabase: string;
}

/** What Sluice was made to replace. */
export const oldWay: Scenario = {
  name: 'old-way',
  compares: `Response time of a batch, one at a time, with an HTTP server of the old way: one INSERT after the other in one transaction, then each message sent to Kafka and awaited, then the answer (pool of ${OLD_POOL}). Ratio: the share by which Sluice's is shorter. Sluice: edge, 2 writers, relay.`,
  async run(bench) {
    const sides = await open(bench);
    const figures: Figure[] = [];
    for (const [batch, goal, rounds] of bench.quick ? SIZES.slice(0, 2) : SIZES) figures.push(await responseTime(bench, sides, batch, goal, rounds));
    for (const atOnce of bench.quick ? AT_ONCE.slice(0, 1) : AT_ONCE) figures.push(await together(bench, sides, atOnce));
    await bench.endScenario();
    figures.push(await statements(bench));
    return figures;
  },
};

async function open(bench: Bench, through: (url: string) => Promise<string> = (url) => Promise.resolve(url)): Promise<Sides> {
  const [sluiceDatabase, oldDatabase] = [await bench.database(), await bench.database()];
  const fleet = await bench.fleet({ databaseUrl: await through(sluiceDatabase), writers: 2, relays: 1, settings: { POOL_SAMPLE_INTERVAL: String(SAMPLE_MS) } });
  const init: OldWayInit = { databaseUrl: await through(oldDatabase), connections: OLD_POOL, kafkaBrokers: await bench.kafkaBrokers(), topic: fleet.topic };
  const oldServer = await bench.load<null, OldWayReport>('old-way-server.ts', init, 'server');
  return { fleet, oldUrl: oldServer.ready as string, oldServer, sluiceDatabase, oldDatabase };
}

async function clients(bench: Bench, { fleet, oldUrl }: Sides, batch: number, inFlight: number): Promise<{ sluice: Load<TimedSpec, Turn>; old: Load<TimedSpec, Turn> }> {
  const client = (url: string) => bench.load<TimedSpec, Turn>('http-client.ts', { urls: [url], path: '/api/v1/executions/batch', batch, inFlight } satisfies HttpInit);
  return { sluice: await client(fleet.url), old: await client(oldUrl) };
}

async function responseTime(bench: Bench, sides: Sides, batch: number, goal: number, rounds: number): Promise<Figure> {
  const { sluice, old } = await clients(bench, sides, batch, 1);
  const spec: TimedSpec = { seconds: bench.quick ? 0.1 : 0.5 };
  const result = await interleave(bench.meter, bench.quick ? 1 : rounds, { sluice: () => sluice.run(spec), old: () => old.run(spec) });
  await Promise.all([sluice.stop(), old.stop()]);
  const errors = [...result.sluice.errors, ...result.old.errors];
  return {
    what: `batch of ${batch.toLocaleString('en')}`,
    figure: percentile(result.sluice.latencies, 0.5),
    unit: 'ms',
    reference: percentile(result.old.latencies, 0.5),
    // One at a time, the rate is the reciprocal of the response time.
    ratio: 1 - medianRatio(result.old, result.sluice),
    goal,
    p50: percentile(result.sluice.latencies, 0.5),
    p99: percentile(result.sluice.latencies, 0.99),
    ...(errors.length === 0 ? {} : { note: errors[0] ?? '' }),
  };
}

/** Many batches at once: nobody may be refused, wait for a connection, or meet a deadlock. */
async function together(bench: Bench, sides: Sides, atOnce: number): Promise<Figure> {
  const { sluice, old } = await clients(bench, sides, bench.quick ? 25 : AT_ONCE_ITEMS, atOnce);
  const spec: TimedSpec = { seconds: bench.quick ? 0.3 : 2 };
  await sides.oldServer.run(null);
  const watch = watchPools(sides.fleet);
  const turn = await sluice.run(spec);
  const waiting = Object.entries(await watch.stop()).filter(([, most]) => most > 0).map(([role, most]) => `${role} ${most}`);
  const oldTurn = await old.run(spec);
  const { mostWaiting } = await sides.oldServer.run(null);
  await Promise.all([sluice.stop(), old.stop()]);
  const deadlocks = await deadlocksIn(sides.sluiceDatabase);
  const clean = (turn.errors ?? []).length === 0 && deadlocks === 0 && waiting.length === 0;
  return {
    what: `${atOnce} batches of ${AT_ONCE_ITEMS} at once`,
    figure: turn.records / turn.seconds,
    unit: 'rows/s',
    reference: oldTurn.records / oldTurn.seconds,
    ratio: clean ? 1 : 0,
    goal: 1,
    absolute: true,
    p50: percentile(turn.latencies ?? [], 0.5),
    p99: percentile(turn.latencies ?? [], 0.99),
    note: `ratio 1: nothing refused (${(turn.errors ?? []).length}), no deadlock (${deadlocks}), nobody waited for a connection of a full pool (${waiting.join(', ') || 'none'}). The old way: ${(oldTurn.errors ?? []).length} refused, up to ${mostWaiting} waited`,
  };
}

/**
 * Asks the pool monitor all the time how many wait for a connection of a full pool; answers the most at once, by role of the
 * node. Who waits while a pool that is not full opens one more connection is not meant.
 */
function watchPools({ processes }: Fleet): { stop(): Promise<Record<string, number>> } {
  const monitor = processes.find((p) => p.role === 'relay')?.metricsUrl ?? '';
  const most: Record<string, number> = {};
  let stopped = false;
  const look = async () => {
    while (!stopped) {
      for (const [node, pool] of poolsIn(await (await fetch(monitor)).text())) {
        const role = /^[a-z]+/.exec(node)?.[0] ?? node;
        if ((pool.active ?? 0) >= (pool.max ?? 0)) most[role] = Math.max(most[role] ?? 0, pool.waiting ?? 0);
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  const looking = look();
  return {
    async stop() {
      stopped = true;
      await looking;
      return most;
    },
  };
}

/** Connections by state, by node, from the pool monitor's metrics. */
function poolsIn(metrics: string): Map<string, Record<string, number>> {
  const pools = new Map<string, Record<string, number>>();
  for (const [, node = '', state = '', count] of metrics.matchAll(/^sluice_pool_connections\{node="([^"]+)",state="(\w+)"\} (\S+)$/gm)) pools.set(node, { ...pools.get(node), [state]: Number(count) });
  return pools;
}

async function deadlocksIn(databaseUrl: string): Promise<number> {
  const [row] = await query<{ deadlocks: string }>(databaseUrl, 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');
  return Number(row?.deadlocks);
}

/** Statements on the wire for a batch, whoever sends them: edge, writers, and the relay until all is delivered. */
async function statements(bench: Bench): Promise<Figure> {
  const counters: Awaited<ReturnType<typeof countStatements>>[] = [];
  const sides = await open(bench, async (url) => {
    counters.push(await countStatements(url));
    return counters.at(-1)?.url ?? url;
  });
  const { sluice, old } = await clients(bench, sides, 1_000, 1);
  const [ours, theirs] = counters.map((c) => c.count.bind(c));
  const perBatch = async (client: Load<TimedSpec, Turn>, count: () => number, settled: () => Promise<unknown>): Promise<number> => {
    const before = count();
    const { latencies = [] } = await client.run({ seconds: bench.quick ? 0.3 : 1.5 });
    await settled();
    return (count() - before) / latencies.length;
  };
  if (ours === undefined || theirs === undefined) throw new Error('no statements were counted');
  const figure = await perBatch(sluice, ours, () => untilDelivered(sides.sluiceDatabase));
  const reference = await perBatch(old, theirs, () => Promise.resolve());
  await bench.endScenario();
  await Promise.all(counters.map((counter) => counter.close()));
  return { what: 'statements for a batch of 1,000', figure, unit: 'statements', reference, ratio: 1 - figure / reference, goal: 0.9, note: 'delivery and background work of all nodes included' };
}
