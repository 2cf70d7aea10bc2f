import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
import type { Fleet } from '../harness/fleet.ts';
import { drawCourse, type Panel } from '../harness/draw-course.ts';
import { interleave, median, medianRatio, type SideResult, type Turn } from '../harness/rounds.ts';
import { scrape } from '../harness/scrape.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';

const WRITERS = 2;
/** Flushes that a writer runs at a time, where that is fixed. */
const FIXED = [1, 2, 3, 4];
const DEFAULT = 2;
const MOST = 8;
const BATCH = 1_000;
const IN_FLIGHT = 12;
/** Of the light load, before the full one. */
const LIGHT_IN_FLIGHT = 1;
/** What a slowed database adds to each flush: a wait, as for a distant disk or a lock, not work. */
const SLOW_MS = 60;
const SAMPLE_MS = 500;
const PICTURE = new URL('../../docs/adapting.svg', import.meta.url);

interface Side {
  fleet: Fleet;
  slow(on: boolean): Promise<void>;
  load: { run(spec: TimedSpec): Promise<Turn> };
  light: Side['load'];
}

/** Whether the limiter finds what a fixed number of flushes would have to be set to. */
export const adapting: Scenario = {
  name: 'adapting',
  compares: `Batches of ${BATCH} to commit, ${IN_FLIGHT} at a time, on ${WRITERS} writers: with the limiter (at most ${MOST} flushes a writer), and with ${FIXED.join(', ')} flushes a writer; on the database as it is, and on one in which each flush waits ${SLOW_MS} ms more.`,
  async run(bench) {
    const sides: Record<string, Side> = { limiter: await side(bench, { LIMITER: 'true', WRITER_MAX_CONCURRENCY: String(MOST) }) };
    for (const flushes of FIXED) sides[flushes] = await side(bench, { LIMITER: 'false', WRITER_CONCURRENCY: String(flushes), WRITER_MAX_CONCURRENCY: String(flushes) });
    const [rounds, seconds] = bench.quick ? [1, 1] : [20, 2];
    const measure = () => interleave(bench.meter, rounds, Object.fromEntries(Object.entries(sides).map(([name, { load }]) => [name, () => load.run({ seconds })])));
    const slow = (on: boolean) => Promise.all(Object.values(sides).map((one) => one.slow(on)));
    // The limiter learns while it works, which is not part of the steady state; and all tables are of the same size.
    const warmUp = async () => {
      for (const { load } of Object.values(sides)) await load.run({ seconds: bench.quick ? 1 : 10 });
    };
    await warmUp();
    const steady = await measure();
    await slow(true);
    await warmUp();
    const slowed = await measure();
    await slow(false);
    if (!bench.quick) await record(sides.limiter as Side);
    return [
      against('as it is, against the best fixed number', steady, bestFixed(steady), 0.97),
      against(`slowed, against the default of ${DEFAULT} a writer`, slowed, slowed[DEFAULT] as SideResult, 1),
      against('slowed, against the best fixed number', slowed, bestFixed(slowed), 0.97),
    ];
  },
};

async function side(bench: Bench, settings: Record<string, string>): Promise<Side> {
  const databaseUrl = await bench.database();
  // The relay decides, and delivers nothing: what is compared is the writing.
  const fleet = await bench.fleet({ databaseUrl, writers: WRITERS, relays: 1, delivers: false, settings: { QUEUE_MAX_ITEMS: '200000', ...settings } });
  const loadOf = (inFlight: number) => bench.load<TimedSpec, Turn>('http-client.ts', { urls: [fleet.url], path: '/api/v1/executions/batch', batch: BATCH, inFlight, headers: { Prefer: 'return=minimal' } } satisfies HttpInit);
  const [load, light] = [await loadOf(IN_FLIGHT), await loadOf(LIGHT_IN_FLIGHT)];
  const run = async (text: string) => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await run(`create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(${SLOW_MS / 1_000}); return null; end'; create trigger wait after insert on execution for each statement execute function wait(); alter table execution disable trigger wait`);
  return { fleet, load, light, slow: (on) => run(`alter table execution ${on ? 'enable' : 'disable'} trigger wait`) };
}

/**
 * The best fixed number: for each half of the rounds the one that was best in the other half. Of four that are equally good the luckiest would be best where the same
 * rounds choose and compare, by some percent on a machine that drifts.
 */
function bestFixed(results: Record<string, SideResult>): Reference {
  const fixed = FIXED.map((flushes) => results[flushes] as SideResult);
  const half = (round: number) => Math.floor(round / 2) % 2;
  const sumWithout = (of: number) => ({ rates }: SideResult) => rates.reduce((sum, rate, round) => (half(round) === of ? sum : sum + rate), 0);
  const best = [0, 1].map((of) => fixed.toSorted((a, b) => sumWithout(of)(b) - sumWithout(of)(a))[0] as SideResult);
  const rates = fixed[0]?.rates.map((_, round) => best[half(round)]?.rates[round] ?? NaN) ?? [];
  return { rate: median(rates), rates, errors: fixed.flatMap(({ errors }) => errors) };
}

type Reference = Pick<SideResult, 'rate' | 'rates' | 'errors'>;

function against(what: string, results: Record<string, SideResult>, reference: Reference, goal: number): Figure {
  const limiter = results.limiter as SideResult;
  const [error] = [...limiter.errors, ...reference.errors];
  return {
    what, figure: limiter.rate, unit: 'rows/s', reference: reference.rate, ratio: medianRatio(limiter, reference), goal,
    note: error === undefined ? `fixed: ${FIXED.map((n) => `${n} a writer ${Math.round((results[n]?.rate ?? 0) / 1_000)}k`).join(', ')}` : `refused: ${error}`,
  };
}

/** The course of a run: light load, full load, a slowed database, and after it; drawn for docs/adapting.md. */
async function record({ fleet, load, light, ...database }: Side): Promise<void> {
  const relay = fleet.processes.find(({ role }) => role === 'relay')?.metricsUrl ?? '';
  const writers = fleet.processes.filter(({ role }) => role === 'writer').map(({ metricsUrl }) => metricsUrl);
  const [lightSeconds, fullSeconds] = [10, 20];
  const nothing = async () => undefined;
  const phases: [name: string, seconds: number, begin: () => Promise<void>][] = [
    ['light load', lightSeconds, nothing], ['full load', fullSeconds, nothing], ['database slowed', fullSeconds, () => database.slow(true)], ['as before', fullSeconds, () => database.slow(false)],
  ];
  const points: { at: number; limit: number; queued: number; rows: number; flushes: number; ms: number }[] = [];
  const read = async () => {
    const [decided, ...written] = await Promise.all([relay, ...writers].map(scrape));
    const sum = (name: string) => written.reduce((all, one) => all + (one[name] ?? 0), 0);
    return { limit: decided?.sluice_limiter_limit_flushes ?? 0, queued: decided?.sluice_limiter_queued_flushes ?? 0, rows: sum('sluice_writer_rows_total'), flushes: sum('sluice_writer_flush_seconds_count'), seconds: sum('sluice_writer_flush_seconds_sum') };
  };
  const loading = light.run({ seconds: lightSeconds }).then(() => load.run({ seconds: 3 * fullSeconds }));
  const began = performance.now();
  const marks: { at: number; name: string }[] = [];
  let before = await read();
  for (const [name, seconds, begin] of phases) {
    await begin();
    marks.push({ at: (performance.now() - began) / 1_000, name });
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      await sleep(SAMPLE_MS);
      const now = await read();
      const [rows, flushes] = [now.rows - before.rows, now.flushes - before.flushes];
      points.push({ at: (performance.now() - began) / 1_000, limit: now.limit, queued: now.queued, rows: rows / (SAMPLE_MS / 1_000), flushes, ms: flushes === 0 ? 0 : ((now.seconds - before.seconds) / flushes) * 1_000 });
      before = now;
    }
  }
  await loading;
  const panel = (label: string, of: (point: (typeof points)[number]) => number): Panel => ({ label, points: points.map((point) => [point.at, of(point)]) });
  await writeFile(PICTURE, drawCourse('The limiter: flushes in flight, their time, and rows written', marks, [panel('limit (flushes in flight)', (p) => p.limit), panel('time of a flush (ms, mean)', (p) => p.ms), panel('rows written (1,000 a second)', (p) => p.rows / 1_000)]));
}
