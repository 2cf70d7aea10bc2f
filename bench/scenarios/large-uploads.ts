import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
import type { Fleet } from '../harness/fleet.ts';
import { interleave, medianRatio, percentile, type SideResult, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { UploadInit, UploadSpec, UploadTurn } from '../load/upload-client.ts';

const WRITERS = 2;
const CONNECTIONS = 4;
const SINGLES = 8;
const LOOK_MS = 10;
/** Between two points of the backlog's course. */
const COURSE_S = 3;

/** Large uploads alone, several at once, and beside requests that clients wait for. */
export const largeUploads: Scenario = {
  name: 'large',
  compares: `An upload of NDJSON until every item is in the ledger (edge, ${WRITERS} writers), with raw COPY of like rows on ${CONNECTIONS} connections; four uploads at once with one; the slowest of eight equal ones with the fastest; checkpoints each 1,000 items with none; single POSTs on ${SINGLES} connections beside four uploads with the same POSTs alone; the longest time without a new item while a writer is killed; and until all of an upload is delivered to Kafka, with the backlog's course.`,
  async run(bench) {
    const databaseUrl = await bench.database();
    const fleet = await bench.fleet({ databaseUrl, writers: WRITERS });
    const uploads = await bench.load<UploadSpec, UploadTurn>('upload-client.ts', { url: fleet.url } satisfies UploadInit);
    const copy = await bench.load<TimedSpec, Turn>('copy.ts', { databaseUrl: await bench.database(), connections: CONNECTIONS, chunkRows: 1_000 });
    const items = bench.quick ? 20_000 : 1_000_000;
    await uploads.run({ uploads: 1, items: 20_000 });
    return [
      ...(await againstCopy(bench, uploads, copy, items)),
      await fourAgainstOne(bench, uploads, bench.quick ? 20_000 : 400_000),
      await eight(uploads, bench.quick ? 5_000 : 100_000),
      await checkpoints(bench, uploads, bench.quick ? 20_000 : 400_000),
      await besideSingles(bench, fleet.url, uploads, bench.quick ? 20_000 : 250_000),
      await goingOn(fleet, databaseUrl, uploads, bench.quick ? 40_000 : 400_000),
      await delivered(bench, bench.quick ? 20_000 : 1_000_000),
    ];
  },
};

interface Uploads {
  run(spec: UploadSpec): Promise<UploadTurn>;
}

async function againstCopy(bench: Bench, uploads: Uploads, copy: { run(spec: TimedSpec): Promise<Turn> }, items: number): Promise<Figure[]> {
  const sides = await interleave(bench.meter, bench.quick ? 1 : 3, {
    upload: () => uploads.run({ uploads: 1, items }),
    copy: () => copy.run({ seconds: bench.quick ? 0.3 : 4 }),
    more: () => uploads.run({ uploads: 1, items, query: '?parallelism=16' }),
  });
  const figureOf = (what: string, side: SideResult): Figure => ({ what, figure: side.rate, unit: 'rows/s', reference: sides.copy.rate, ratio: medianRatio(side, sides.copy), goal: 0.6, cpu: side.cpu, referenceCpu: sides.copy.cpu, ...noteOf(side.errors) });
  const what = `${items.toLocaleString('en')} items in one upload`;
  return [figureOf(what, sides.upload), figureOf(`${what}, parallelism 16`, sides.more)];
}

async function fourAgainstOne(bench: Bench, uploads: Uploads, items: number): Promise<Figure> {
  const sides = await interleave(bench.meter, bench.quick ? 1 : 3, { four: () => uploads.run({ uploads: 4, items: items / 4 }), one: () => uploads.run({ uploads: 1, items }) });
  return { what: 'four uploads at once against one', figure: sides.four.rate, unit: 'rows/s', reference: sides.one.rate, ratio: medianRatio(sides.four, sides.one), goal: 0.95, cpu: sides.four.cpu, referenceCpu: sides.one.cpu, ...noteOf(sides.four.errors) };
}

async function eight(uploads: Uploads, items: number): Promise<Figure> {
  const turn = await uploads.run({ uploads: 8, items });
  const slowest = Math.max(...turn.each);
  const fastest = Math.min(...turn.each);
  // 1 / 1.15: the slowest may take 1.15 times the fastest.
  return { what: 'eight equal uploads, fastest against slowest', figure: fastest, unit: 's', reference: slowest, ratio: fastest / slowest, goal: 0.87, ...noteOf(turn.errors ?? []) };
}

/** Beside four uploads that run all the time; the ratio of the p99s, three times allowed. */
async function besideSingles(bench: Bench, url: string, uploads: Uploads, items: number): Promise<Figure> {
  const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: [url], path: '/api/v1/executions', batch: 0, inFlight: SINGLES } satisfies HttpInit);
  const spec: TimedSpec = { seconds: bench.quick ? 0.5 : 5 };
  await client.run({ seconds: 0.5 });
  const alone = await client.run(spec);
  const big = uploads.run({ uploads: 4, items });
  const beside = await client.run(spec);
  const turn = await big;
  const [p99, before] = [percentile(beside.latencies ?? [], 0.99), percentile(alone.latencies ?? [], 0.99)];
  return { what: 'p99 of single POSTs alone, against beside four uploads', figure: before, unit: 'ms', reference: p99, ratio: before / p99, goal: 0.33, p50: percentile(beside.latencies ?? [], 0.5), p99, ...noteOf([...(turn.errors ?? []), ...(beside.errors ?? [])]) };
}

async function checkpoints(bench: Bench, uploads: Uploads, items: number): Promise<Figure> {
  const sides = await interleave(bench.meter, bench.quick ? 1 : 3, { each: () => uploads.run({ uploads: 1, items }), none: () => uploads.run({ uploads: 1, items, query: '?enableCheckpointing=false' }) });
  return { what: 'checkpoints each 1,000 items against none', figure: sides.each.rate, unit: 'rows/s', reference: sides.none.rate, ratio: medianRatio(sides.each, sides.none), cpu: sides.each.cpu, referenceCpu: sides.none.cpu, ...noteOf([...sides.each.errors, ...sides.none.errors]) };
}

/** A writer is killed with chunks in hand: how long nothing new is in the ledger. The other one stays, as in any fleet. */
async function goingOn(fleet: Fleet, databaseUrl: string, uploads: Uploads, items: number): Promise<Figure> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let ended = false;
  const turn = uploads.run({ uploads: 1, items }).finally(() => (ended = true));
  const longest = { before: 0, after: 0 };
  const [began, writer] = [performance.now(), fleet.processes.find((one) => one.role === 'writer')];
  let killed = false;
  let [written, at] = [-1, began];
  while (!ended) {
    const { rows } = await client.query<{ n: string }>('select coalesce(sum(written), 0) as n from ledger where batch_id = (select id from large_batch order by id desc limit 1)');
    const [count, now] = [Number(rows[0]?.n), performance.now()];
    if (count > written) {
      if (written > 0) longest[killed ? 'after' : 'before'] = Math.max(longest[killed ? 'after' : 'before'], now - at);
      [written, at] = [count, now];
    }
    if (!killed && count > items / 3 && writer !== undefined) {
      process.kill(writer.pid, 'SIGKILL');
      killed = true;
    }
    await sleep(LOOK_MS);
  }
  await client.end();
  const { errors } = await turn;
  return { what: 'longest pause of an upload, before and after kill -9 of a writer', figure: longest.after, unit: 'ms', reference: longest.before, ...noteOf(errors ?? []) };
}

/** One upload until the last message of it is acknowledged. */
async function delivered(bench: Bench, items: number): Promise<Figure> {
  const databaseUrl = await bench.database();
  const fleet = await bench.fleet({ databaseUrl, writers: WRITERS, relays: 1 });
  const uploads = await bench.load<UploadSpec, UploadTurn>('upload-client.ts', { url: fleet.url } satisfies UploadInit);
  await uploads.run({ uploads: 1, items: 10_000 });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const began = performance.now();
  let committed: number | undefined;
  void uploads.run({ uploads: 1, items }).then(() => (committed = (performance.now() - began) / 1_000));
  const course: string[] = [];
  for (let next = 0; ; ) {
    const { rows } = await client.query<{ n: string }>(`select coalesce(sum(written - delivered - dead), 0) as n from ledger where state = 'waiting' and op = 'insert'`);
    const [waiting, seconds] = [Number(rows[0]?.n), (performance.now() - began) / 1_000];
    if (seconds >= next || (committed !== undefined && waiting === 0)) {
      course.push(`${seconds.toFixed(0)} s ${Math.round(waiting / 1_000)}k`);
      next = seconds + COURSE_S;
    }
    if (committed !== undefined && waiting === 0) break;
    await sleep(LOOK_MS * 10);
  }
  await client.end();
  const seconds = (performance.now() - began) / 1_000;
  return { what: `${items.toLocaleString('en')} items until all are delivered, against until all are written`, figure: items / seconds, unit: 'items/s', reference: items / (committed ?? seconds), note: `waiting for the relay at: ${course.join(', ')}` };
}

function noteOf(errors: readonly string[]): { note?: string } {
  return errors.length === 0 ? {} : { note: `refused: ${errors[0] ?? ''}` };
}
