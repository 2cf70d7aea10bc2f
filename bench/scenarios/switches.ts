import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
import type { Fleet } from '../harness/fleet.ts';
import { interleave, median, medianRatio, percentile, type SideResult, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { ListInit } from '../load/list-client.ts';
import type { SubmitInit, SubmitSpec } from '../load/submit-client.ts';
import type { TradeServerInit } from '../load/trade-server.ts';
import { untilDelivered } from './end-to-end.ts';

const LATENCY_MS = 20;
const LISTED = 100;
const SAMPLE_MS = 20;

/** One side: a fleet on a database of its own. */
interface Side {
  fleet: Fleet;
  databaseUrl: string;
}
type Run = () => Promise<Turn>;

/** A switch, and the work that shows what it brings. */
interface Case {
  setting: string;
  what: string;
  unit: string;
  /** Makes the work of a side ready; `seconds`: of a turn. */
  open: (bench: Bench, side: Side, seconds: number) => Promise<Run>;
  relays?: number;
  /** Submits, so it needs a trade service. */
  submits?: true;
  /** Judged by how long an answer takes, not by how many there are. */
  byLatency?: true;
}

const CASES: readonly Case[] = [
  { setting: 'BULK_FLUSH', what: '1,000 executions a batch, 4 at a time', unit: 'rows/s', open: (bench, side, seconds) => batches(bench, side, seconds, 1_000) },
  { setting: 'EAGER_LOADING', what: `lists of ${LISTED} orders, 4 at a time`, unit: 'orders/s', open: lists },
  { setting: 'SPLIT_TRANSACTIONS', what: '25 orders a submission, 20 clients', unit: 'orders/s', submits: true, open: (bench, side, seconds) => submissions(bench, side, seconds, 25, 20) },
  { setting: 'BATCHED_UPDATES', what: '100 orders a submission, one client', unit: 'orders/s', submits: true, open: (bench, side, seconds) => submissions(bench, side, seconds, 100, 1) },
  { setting: 'ASYNC_DELIVERY', what: '100 executions a batch, 4 at a time, until answered', unit: 'ms', relays: 1, byLatency: true, open: (bench, side, seconds) => batches(bench, side, seconds, 100) },
];

/** What each part that can be switched off brings. */
export const switches: Scenario = {
  name: 'switches',
  compares: `For each switch a fleet (edge, writer; a relay for ASYNC_DELIVERY) with all on, in turns with one in which that one is off: the ratio is what it brings. The trade service takes ${LATENCY_MS} ms to answer.`,
  async run(bench) {
    const figures: Figure[] = [];
    for (const one of CASES) {
      figures.push(await measure(bench, one));
      await bench.endScenario();
    }
    return figures;
  },
};

async function measure(bench: Bench, { setting, what, unit, open, relays = 0, submits, byLatency }: Case): Promise<Figure> {
  const seconds = bench.quick ? 0.3 : 1.5;
  const settings = submits === true ? { TRADE_SERVICE_URL: (await bench.load('trade-server.ts', { latencyMs: LATENCY_MS } satisfies TradeServerInit, 'server')).ready as string } : {};
  const sideOf = async (own: Record<string, string>): Promise<Side> => {
    const databaseUrl = await bench.database();
    return { databaseUrl, fleet: await bench.fleet({ databaseUrl, relays, settings: { ...settings, ...own } }) };
  };
  const sides = { on: await sideOf({}), off: await sideOf({ [setting]: 'false' }) };
  const held = { on: await watchHeld(sides.on), off: await watchHeld(sides.off) };
  const work = { on: await open(bench, sides.on, seconds), off: await open(bench, sides.off, seconds) };
  // What one side still has to deliver would take the other's time.
  const turn = (side: 'on' | 'off') => async () => {
    const done = await held[side].during(work[side]);
    if (relays > 0) await untilDelivered(sides[side].databaseUrl);
    return done;
  };
  const { on, off } = await interleave(bench.meter, bench.quick ? 1 : 5, { on: turn('on'), off: turn('off') });
  const [heldOn, heldOff] = [await held.on.stop(), await held.off.stop()];
  const error = [...on.errors, ...off.errors][0];
  return {
    what: `${setting}: ${what}`,
    ...(byLatency === true ? byTime(on, off) : { figure: on.rate, reference: off.rate, ratio: medianRatio(on, off) }),
    unit, p50: percentile(on.latencies, 0.5), p99: percentile(on.latencies, 0.99),
    // The orders of a turn are stored before its clock runs: PostgreSQL's CPU says nothing of submitting them.
    ...(submits === true ? {} : { cpu: on.cpu, referenceCpu: off.cpu }),
    note: `off: p50 ${percentile(off.latencies, 0.5).toFixed(1)}, p99 ${percentile(off.latencies, 0.99).toFixed(1)} ms${setting === 'SPLIT_TRANSACTIONS' ? `; connections idle in a transaction, on average: on ${heldOn.toFixed(1)}, off ${heldOff.toFixed(1)}` : ''}${error === undefined ? '' : `; refused: ${error}`}`,
  };
}

/** Less time is better: so the reference's over the figure's. */
function byTime(on: SideResult, off: SideResult): Pick<Figure, 'figure' | 'reference' | 'ratio'> {
  const [figure, reference] = [median(on.latencies), median(off.latencies)];
  return { figure, reference, ratio: reference / figure };
}

async function batches(bench: Bench, { fleet }: Side, seconds: number, batch: number): Promise<Run> {
  const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/executions/batch', batch, inFlight: 4 } satisfies HttpInit);
  return () => client.run({ seconds });
}

async function lists(bench: Bench, { fleet }: Side, seconds: number): Promise<Run> {
  const filler = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/orders', batch: LISTED, inFlight: 1, kind: 'order' } satisfies HttpInit);
  await filler.run({ seconds: 0.2 });
  await filler.stop();
  const client = await bench.load<TimedSpec, Turn>('list-client.ts', { url: fleet.url, path: `/api/v1/orders?limit=${LISTED}`, records: LISTED, inFlight: 4 } satisfies ListInit);
  return () => client.run({ seconds });
}

async function submissions(bench: Bench, { fleet, databaseUrl }: Side, seconds: number, batch: number, inFlight: number): Promise<Run> {
  // Both sides share a trade service, which takes an order once.
  const client = await bench.load<SubmitSpec, Turn>('submit-client.ts', { url: fleet.url, databaseUrl, batch, inFlight, firstId: 1 + 100_000_000 * nextSide++ } satisfies SubmitInit);
  return () => client.run({ seconds, orders: bench.quick ? 4_000 : 20_000 });
}
let nextSide = 0;

/** Looks, during turns, how many connections of a side sit in a transaction and do nothing. */
async function watchHeld({ databaseUrl }: Side): Promise<{ during(run: Run): Promise<Turn>; stop(): Promise<number> }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const seen: number[] = [];
  return {
    async during(run) {
      let over = false;
      const watching = (async () => {
        while (!over) {
          const { rows } = await client.query<{ held: number }>(`select count(*)::int as held from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`);
          seen.push(rows[0]?.held ?? 0);
          await sleep(SAMPLE_MS);
        }
      })();
      try {
        return await run();
      } finally {
        over = true;
        await watching;
      }
    },
    async stop() {
      await client.end();
      return seen.reduce((sum, held) => sum + held, 0) / Math.max(1, seen.length);
    },
  };
}
