import type { Bench } from '../harness/bench.ts';
import type { Fleet } from '../harness/fleet.ts';
import { interleave, medianRatio, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { OldSubmitInit } from '../load/old-submit-server.ts';
import type { SubmitInit, SubmitSpec } from '../load/submit-client.ts';
import type { TradeServerInit } from '../load/trade-server.ts';

const LATENCY_MS = 20;
const BATCH = 100;
const OLD_POOL = 20;
const GOAL = 10;
const CLIENTS = 20;
const CLIENT_BATCH = 25;
const LONGEST_MS = 5_000;
const UTILIZATION = 0.75;
const WAITING = 3;
const SAMPLE_MS = 100;

/** Load, call, update against a transaction held open across each call. */
export const ordersSubmit: Scenario = {
  name: 'orders-submit',
  compares: `Batch submit of ${BATCH} orders, one batch at a time, to a trade service on the same machine that takes ${LATENCY_MS} ms to answer, with an HTTP server of the old way: for each order a transaction that stays open across a call of its own over a new connection, one order after the other (and, for comparison, ${OLD_POOL} at once on a pool of ${OLD_POOL}). Then ${CLIENTS} clients with batches of ${CLIENT_BATCH}. Sluice: edge, writer, relay.`,
  async run(bench) {
    const trade = await bench.load('trade-server.ts', { latencyMs: LATENCY_MS } satisfies TradeServerInit, 'server');
    const oldTrade = await bench.load('trade-server.ts', { latencyMs: LATENCY_MS } satisfies TradeServerInit, 'server');
    const wideTrade = await bench.load('trade-server.ts', { latencyMs: LATENCY_MS } satisfies TradeServerInit, 'server');
    const [database, oldDatabase, wideDatabase] = [await bench.database(), await bench.database(), await bench.database()];
    const fleet = await bench.fleet({ databaseUrl: database, writers: 1, relays: 1, settings: { TRADE_SERVICE_URL: trade.ready as string, POOL_SAMPLE_INTERVAL: String(SAMPLE_MS) } });
    const old = async (databaseUrl: string, tradeUrl: string, atOnce: number) => (await bench.load('old-submit-server.ts', { databaseUrl, tradeUrl, connections: OLD_POOL, atOnce } satisfies OldSubmitInit, 'server')).ready as string;
    const client = (url: string, databaseUrl: string, firstId: number, batch = BATCH, inFlight = 1) => bench.load<SubmitSpec, Turn>('submit-client.ts', { url, databaseUrl, batch, inFlight, firstId } satisfies SubmitInit);
    const sides = {
      sluice: await client(fleet.url, database, 1),
      old: await client(await old(oldDatabase, oldTrade.ready as string, 1), oldDatabase, 1),
      wide: await client(await old(wideDatabase, wideTrade.ready as string, OLD_POOL), wideDatabase, 1),
    };
    const spec = (orders: number): SubmitSpec => ({ seconds: bench.quick ? 0.3 : 2, orders });
    const result = await interleave(bench.meter, bench.quick ? 1 : 5, { sluice: () => sides.sluice.run(spec(10_000)), old: () => sides.old.run(spec(500)), wide: () => sides.wide.run(spec(5_000)) });
    const figure = { figure: result.sluice.rate, unit: 'orders/s', p50: percentile(result.sluice.latencies, 0.5), p99: percentile(result.sluice.latencies, 0.99) };
    const note = [...result.sluice.errors, ...result.old.errors, ...result.wide.errors][0];
    const noted = note === undefined ? {} : { note: `refused: ${note}` };
    const many = await client(fleet.url, database, 10_000_000, CLIENT_BATCH, CLIENTS);
    return [
      { what: `batches of ${BATCH} against one transaction after the other`, ...figure, reference: result.old.rate, ratio: medianRatio(result.sluice, result.old), goal: GOAL, ...noted },
      { what: `batches of ${BATCH} against ${OLD_POOL} transactions at once`, ...figure, reference: result.wide.rate, ratio: medianRatio(result.sluice, result.wide), ...noted },
      ...(await together(bench, fleet, many.run.bind(many))),
    ];
  },
};

/** Many clients at once: how long they wait, and what the edge's pool has to bear. */
async function together(bench: Bench, fleet: Fleet, run: (spec: SubmitSpec) => Promise<Turn>): Promise<Figure[]> {
  await run({ seconds: 0.3, orders: 10_000 });
  const watch = watchEdgePool(fleet);
  const { latencies = [], errors = [], records, seconds } = await run({ seconds: bench.quick ? 0.5 : 8, orders: bench.quick ? 10_000 : 100_000 });
  const pool = await watch.stop();
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share)) as [number, number, number];
  const refused = errors.length === 0 ? '' : `; refused: ${errors[0] ?? ''}`;
  return [
    { what: `${CLIENTS} clients, ${CLIENT_BATCH} orders each`, figure: p99, unit: 'ms', reference: LONGEST_MS, ratio: p99 > 0 && errors.length === 0 ? LONGEST_MS / p99 : 0, goal: 1, absolute: true, p50, p99, note: `p95 ${Math.round(p95)} ms, ${Math.round(records / seconds)} orders/s${refused}` },
    { what: `the edge's pool under that`, figure: pool.utilization, unit: 'share in use', reference: UTILIZATION, ratio: pool.samples > 0 && pool.utilization < UTILIZATION && pool.waiting < WAITING ? 1 : 0, goal: 1, absolute: true, note: `ratio 1: on average less than ${UTILIZATION} of the pool in use, and fewer than ${WAITING} waited (at most ${pool.waiting}, of ${pool.samples} samples)` },
  ];
}

/** Asks the pool monitor all the time about the edge's pool. */
function watchEdgePool({ processes }: Fleet): { stop(): Promise<{ utilization: number; waiting: number; samples: number }> } {
  const monitor = processes.find((p) => p.role === 'relay')?.metricsUrl ?? '';
  const samples: Record<string, number>[] = [];
  let stopped = false;
  const look = async () => {
    while (!stopped) {
      const text = await (await fetch(monitor)).text();
      const states = [...text.matchAll(/^sluice_pool_connections\{node="edge[^"]*",state="(\w+)"\} (\S+)$/gm)].map(([, state = '', count]): [string, number] => [state, Number(count)]);
      if (states.length > 0) samples.push(Object.fromEntries(states));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  const looking = look();
  return {
    async stop() {
      stopped = true;
      await looking;
      const inUse = samples.map((s) => (s.active ?? 0) / (s.max ?? 1));
      return { utilization: inUse.reduce((sum, share) => sum + share, 0) / Math.max(1, inUse.length), waiting: Math.max(0, ...samples.map((s) => s.waiting ?? 0)), samples: samples.length };
    },
  };
}
